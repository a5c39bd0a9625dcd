use super::*;
use crate::load::configuration;

/// A cluster of two nodes with these sections before them.
pub(super) fn text(sections: &str) -> String {
    format!(
        "<cluster name=\"x\" config_version=\"1\">\n{sections}\n<clusternodes>\
         <clusternode name=\"a\" nodeid=\"1\"/><clusternode name=\"b\" nodeid=\"2\"/>\
         </clusternodes></cluster>"
    )
}

/// The typed reading of a configuration that must be good, warnings or not.
#[track_caller]
pub(super) fn good(sections: &str) -> Cluster {
    match configuration("f", text(sections).as_bytes()) {
        Ok(read) => read.cluster,
        Err(problems) => panic!("{sections}: {problems:#?}"),
    }
}

/// The problems of a configuration in one text each, without the place; the severity of all of
/// them is told by whether the configuration is usable.
#[track_caller]
pub(super) fn problems(sections: &str) -> (bool, Vec<String>) {
    let tell = |problems: Vec<Problem>| {
        problems.into_iter().map(|problem| format!("{}: {}", problem.path, problem.what)).collect()
    };
    match configuration("f", text(sections).as_bytes()) {
        Ok(read) => (true, tell(read.warnings)),
        Err(problems) => (false, tell(problems)),
    }
}

#[track_caller]
pub(super) fn assert_refused(sections: &str, problem: &str) {
    assert_eq!(problems(sections), (false, vec![problem.to_owned()]));
}

#[track_caller]
pub(super) fn assert_warned(sections: &str, problem: &str) {
    assert_eq!(problems(sections), (true, vec![problem.to_owned()]));
}

#[test]
fn configured_id_goes_before_the_name_and_fits_16_bits() {
    assert_eq!(good("<cman/>").id, identity::shift_hash("x"));
    assert_eq!(good("<cman cluster_id=\"4711\"/>").id, 4711);
    assert_eq!(good("<cman cluster_id=\"0\"/>").id, identity::shift_hash("x"));
    assert_refused(
        "<cman cluster_id=\"65536\"/>",
        "cluster.cman.cluster_id: \"65536\" is not a number from 0 to 65535",
    );
}

#[test]
fn hashed_id_is_asked_for_by_anything_like_yes_but_not_while_upgrading() {
    for word in ["yes", "YES", "on", "Only"] {
        let cman = format!("<cman hash_cluster_id=\"{word}\"/>");
        assert_eq!(good(&cman).id, identity::fnv_hash("x"), "{word}");
    }
    assert_eq!(good("<cman hash_cluster_id=\"1\"/>").id, identity::shift_hash("x"));
    let upgrading = good("<cman hash_cluster_id=\"yes\" upgrading=\"yes\"/>");
    assert_eq!(upgrading.id, identity::shift_hash("x"));
    assert!(upgrading.voting.disallowed);
}

#[test]
fn second_section_of_a_kind_is_ignored_with_a_warning() {
    assert_warned(
        "<cman port=\"6000\"/><cman port=\"7000\"/>",
        "cluster.cman[2]: only the first cman counts, this one is ignored",
    );
    assert_eq!(good("<cman port=\"6000\"/><cman port=\"7000\"/>").ring.port, 6000);
}

#[test]
fn group_follows_the_family_of_the_address() {
    let cluster = good("<cman cluster_id=\"46516\"/>");
    let group = |address: &str| cluster.group(address.parse().unwrap()).unwrap().to_string();
    assert_eq!(group("192.168.10.11"), "239.192.181.106");
    assert_eq!(group("fd00::1"), "ff15::b5b4");
    let broadcast = good("<cman broadcast=\"yes\"/>");
    assert_eq!(broadcast.group("192.168.10.11".parse().unwrap()), None);
}

#[test]
fn flood_of_warnings_is_read_in_time() {
    let text = text(&"<bogus/>".repeat(30_000));
    let read = configuration("f", text.as_bytes()).unwrap();
    assert_eq!(read.warnings.len(), crate::error::MOST_PROBLEMS + 1);
    assert_eq!(
        read.warnings.last().unwrap().what,
        "29744 more violations of the schema are not shown"
    );
}

#[test]
fn tree_without_a_cluster_is_refused() {
    let problems = Cluster::read(&Tree::new("f")).unwrap_err();
    assert_eq!(problems[0].to_string(), "f: there is no element cluster");
}
