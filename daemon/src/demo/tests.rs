use clap::CommandFactory;

use super::*;

#[test]
fn the_command_line_is_consistent() {
    Options::command().debug_assert();
}

#[test]
fn from_one_to_sixteen_nodes_can_be_shown() {
    let nodes = |count: &str| Options::try_parse_from(["demo", "--nodes", count]).map(|o| o.nodes);
    assert_eq!((nodes("1").ok(), nodes("16").ok()), (Some(1), Some(16)));
    for wrong in ["0", "17", "-1", "many"] {
        assert!(nodes(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn the_daemons_words_are_not_read_by_the_demonstration() {
    let words = ["demo", "--mortal", "--", "--nodes", "99", "--ready-fd", "1"];
    let options = Options::try_parse_from(words).expect("all after -- is the daemon's");
    assert_eq!((options.nodes, options.daemon.len()), (3, 4));
}
