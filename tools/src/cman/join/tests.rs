use super::*;
use crate::cman::options::{self, Parsed};

fn variables_of(line: &str) -> Result<Vec<(&'static str, String)>, String> {
    let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    match options::parse(&words) {
        Ok(Parsed::Run(options)) => variables(&options).map_err(|failure| failure.to_string()),
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn options_reach_the_daemon_as_variables_of_the_same_names_as_ever() {
    let variables = variables_of("join -n iscsi1 -m 239.9.9.9 -p 5500 -v 2 -e 3 -k /key -P");
    let expected = [
        ("CMAN_NODENAME", "iscsi1"),
        ("CMAN_MCAST_ADDR", "239.9.9.9"),
        ("CMAN_IP_PORT", "5500"),
        ("CMAN_VOTES", "2"),
        ("CMAN_EXPECTEDVOTES", "3"),
        ("CMAN_KEYFILE", "/key"),
        ("CLUSTER_NO_REALTIME", "true"),
    ];
    assert_eq!(variables.unwrap(), expected.map(|(name, value)| (name, value.to_owned())));
}

#[test]
fn zero_votes_are_taken_and_mean_nothing() {
    assert_eq!(variables_of("join -v 0 -e 0"), Ok(vec![]));
}

#[test]
fn what_the_daemon_does_not_know_is_refused() {
    for letter in ["-X", "-2", "-N 9", "-c other", "-C nosuch"] {
        let text = variables_of(&format!("join {letter}")).unwrap_err();
        let name: String = letter.chars().take(2).collect();
        assert_eq!(text, format!("cman_tool: join {name}: not supported yet\n"));
    }
}
