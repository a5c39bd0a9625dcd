use super::super::tests::{assert_refused, good};
use super::*;

#[test]
fn a_directory_is_followed_where_it_is_asked_for() {
    assert_eq!(good("").following, Following::default());
    assert_eq!(good("<cman ldap_watch=\"no\"/>").following, Following::default());
    let all = good("<cman ldap_watch=\"yes\" ldap_watch_interval=\"5\"/>").following;
    assert_eq!(all, Following { on: true, every: Duration::from_secs(5) });
}

#[test]
fn other_words_and_pauses_are_refused() {
    assert_refused("<cman ldap_watch=\"1\"/>", "cluster.cman.ldap_watch: \"1\" is not yes or no");
    for pause in ["0", "86401", "soon"] {
        assert_refused(
            &format!("<cman ldap_watch_interval=\"{pause}\"/>"),
            &format!(
                "cluster.cman.ldap_watch_interval: \"{pause}\" is not a number from 1 to 86400"
            ),
        );
    }
}
