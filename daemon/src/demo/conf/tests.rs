use confdb::load;

use super::*;

fn names(count: usize) -> Vec<String> {
    (1..=count).map(|n| format!("iscsi{n}")).collect()
}

#[test]
fn every_size_is_a_configuration_without_a_complaint() {
    for count in 1..=16 {
        let loaded =
            load::configuration("made up", text("demo", &names(count), "port=\"6000\"").as_bytes());
        let loaded = loaded.expect("an operator would not get far otherwise");
        assert_eq!(loaded.warnings, []);
        assert_eq!(loaded.cluster.nodes.len(), count);
    }
}

#[test]
fn only_two_nodes_are_in_two_node_mode() {
    for count in 1..=16 {
        assert_eq!(text("demo", &names(count), "").contains("two_node"), count == 2);
    }
}
