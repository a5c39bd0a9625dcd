use clap::Parser;

use super::*;

fn options(words: &str) -> Options {
    let words = format!("clusterd --no-config {words}");
    Options::try_parse_from(words.split_whitespace()).expect("good words")
}

#[test]
fn a_node_without_configuration_is_alone_in_its_own() {
    let text = text(&options("-n 10.1.2.3")).expect("an address is a name");
    let cluster = confdb::load::configuration(SOURCE, text.as_bytes()).expect("valid").cluster;
    assert_eq!((cluster.name.as_str(), cluster.config_version), (CLUSTER, 1));
    assert_eq!(cluster.voting.expected_votes, 1);
    let [node] = &cluster.nodes[..] else { panic!("{:?}", cluster.nodes) };
    assert_eq!((node.name.as_str(), node.votes), ("10.1.2.3", 1));
    assert_eq!(node.id.get(), u32::from_ne_bytes([10, 1, 2, 3]), "as it always was");
}

#[test]
fn name_and_id_may_be_told() {
    let words = "-n a.example.com --node-id 7 --cluster-name a&b\"<c";
    let text = text(&options(words)).expect("nothing is looked up");
    let cluster = confdb::load::configuration(SOURCE, text.as_bytes()).expect("valid").cluster;
    assert_eq!(cluster.name, "a&b\"<c");
    assert_eq!(cluster.nodes[0].id.get(), 7);
}

#[test]
fn two_nodes_must_be_named() {
    let refused = text(&options("-n a --node-id 7 --two-node")).expect_err("which two?");
    assert_eq!(refused, "two-node mode needs a configuration that names both nodes");
}

#[test]
fn ids_follow_from_the_last_bytes_of_long_addresses() {
    let address = IpAddr::from([0, 0, 0, 0, 0, 0, 0x0102, 0x0304]);
    assert_eq!(id(address).map(NonZeroU32::get), Some(u32::from_ne_bytes([1, 2, 3, 4])));
    assert_eq!(id(IpAddr::from([0, 0, 0, 0])), None);
}
