use std::net::IpAddr;

use super::super::super::effect::NodeState;
use super::super::tests::{Table, node, set};
use super::*;

fn entry(id: u32, name: &str, address: Option<&str>) -> NodeEntry {
    let addresses: Vec<IpAddr> = address.map(|text| text.parse().unwrap()).into_iter().collect();
    NodeEntry { id: node(id), name: name.to_owned(), votes: 1, addresses }
}

fn iscsi(ids: &[u32]) -> Vec<NodeEntry> {
    ids.iter().map(|&id| entry(id, &format!("iscsi{id}"), None)).collect()
}

fn change(added: &[u32], removed: &[u32], staying: &[u32]) -> Reconfigured {
    Reconfigured { added: set(added), removed: set(removed), staying: set(staying) }
}

impl Table {
    fn names(&self) -> Vec<String> {
        self.nodes.rows(&self.quorum).into_iter().map(|row| row.name).collect()
    }
}

#[test]
fn new_nodes_are_dead_rows_and_the_version_is_said_in_hellos() {
    let mut table = Table::new();
    table.ring(8, &[], &[1, 2]);
    let before = table.shown();
    assert_eq!(table.nodes.reconfigure(&iscsi(&[1, 2, 3, 4]), 6), change(&[4], &[], &[]));
    let mut after = table.shown();
    assert_eq!(after.pop(), Some((4, NodeState::Dead, 0)));
    assert_eq!(after, before);
    assert_eq!(table.nodes.cluster().config_version, 6);
}

#[test]
fn dead_nodes_vanish_and_living_ones_stay_until_they_go() {
    let mut table = Table::new();
    table.ring(8, &[], &[1, 2]);
    assert_eq!(table.nodes.reconfigure(&iscsi(&[1]), 5), change(&[], &[3], &[2]));
    assert_eq!(table.shown(), [(1, NodeState::Member, 8), (2, NodeState::Member, 8)]);
    assert_eq!(table.nodes.reconfigure(&iscsi(&[1]), 5), change(&[], &[], &[2]));
    let departed = table.ring(12, &[1], &[1]);
    assert_eq!(departed.gone, set(&[2]));
    assert_eq!(table.shown(), [(1, NodeState::Member, 8)]);
}

#[test]
fn node_that_is_taken_back_in_stays_when_it_goes() {
    let mut table = Table::new();
    table.ring(8, &[], &[1, 2]);
    table.nodes.reconfigure(&iscsi(&[1]), 5);
    assert_eq!(table.nodes.reconfigure(&iscsi(&[1, 2]), 5), change(&[], &[], &[]));
    table.ring(12, &[1], &[1]);
    assert_eq!(table.shown(), [(1, NodeState::Member, 8), (2, NodeState::Dead, 8)]);
}

#[test]
fn this_node_stays_although_it_is_taken_out() {
    let mut table = Table::new();
    table.ring(8, &[], &[1, 2]);
    assert_eq!(table.nodes.reconfigure(&iscsi(&[2]), 5), change(&[], &[3], &[1]));
    table.ring(12, &[1], &[1, 2]);
    assert_eq!(table.nodes.own_row(&table.quorum).state, NodeState::Member);
}

#[test]
fn names_and_addresses_of_the_dead_are_those_of_the_configuration() {
    let mut table = Table::new();
    table.ring(8, &[], &[1, 2]);
    let new =
        [entry(1, "iscsi1", None), entry(2, "iscsi2", None), entry(3, "other", Some("10.0.0.3"))];
    table.nodes.reconfigure(&new, 6);
    assert_eq!(table.names(), ["iscsi1", "iscsi2", "other"]);
    let rows = table.nodes.rows(&table.quorum);
    assert_eq!(rows[2].addresses, ["10.0.0.3".parse::<IpAddr>().unwrap()]);
}

#[test]
fn stranger_becomes_known_by_its_configured_name() {
    let mut table = Table::new();
    table.ring(8, &[], &[1, 9]);
    assert_eq!(table.names()[3], "Node9");
    assert_eq!(table.nodes.reconfigure(&iscsi(&[1, 2, 3, 9]), 5), change(&[], &[], &[]));
    assert_eq!(table.names()[3], "iscsi9");
    table.ring(12, &[1], &[1]);
    assert_eq!(table.shown()[3], (9, NodeState::Dead, 8));
}
