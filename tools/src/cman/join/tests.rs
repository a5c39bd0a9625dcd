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
fn the_rest_of_what_the_reference_knew_reaches_the_daemon_too() {
    let variables = variables_of("join -X -2 -N 9 -c other -C xmlconfig -A -Dwarn -d");
    let expected = [
        ("CMAN_DEBUG", "255"),
        ("CMAN_NOCONFIG", "1"),
        ("CMAN_2NODE", "1"),
        ("CMAN_NODEID", "9"),
        ("CMAN_CLUSTER_NAME", "other"),
        ("CONFIG_LOADER", "xmlconfig"),
    ];
    assert_eq!(variables.unwrap(), expected.map(|(name, value)| (name, value.to_owned())));
}

#[test]
fn other_sources_of_configurations_are_refused_by_name() {
    let directory = vec![("CONFIG_LOADER", "ldapconfig".to_owned())];
    assert_eq!(variables_of("join -C ldapconfig"), Ok(directory));
    assert_eq!(
        variables_of("join -C openaisparser").unwrap_err(),
        "cman_tool: configuration loader openaisparser is not supported: xmlconfig and ldapconfig \
         are\n"
    );
}
