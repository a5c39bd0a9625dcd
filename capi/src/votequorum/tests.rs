use std::mem::{offset_of, size_of};

use client::StateChange;

use super::*;

fn view(generation: u64, quorate: bool, expected: u32) -> ClusterView {
    ClusterView {
        generation,
        representative: 1,
        quorate,
        expected,
        members: vec![1, 2],
        joined: vec![],
        left: vec![],
        nodes: vec![StateChange { node: 1, state: NodeState::Member }],
    }
}

fn told(before: Option<&ClusterView>, view: &ClusterView) -> String {
    let letter = |call: &Call| match call {
        Call::Nodes(..) => 'n',
        Call::Quorum(..) => 'q',
        Call::Expected(_) => 'e',
    };
    changes(before, view).iter().map(letter).collect()
}

#[test]
fn structs_lie_in_memory_as_in_the_header() {
    assert_eq!((size_of::<Node>(), size_of::<Callbacks>()), (8, 24));
    assert_eq!(size_of::<Info>(), 292);
}

#[test]
fn what_differs_is_told_and_nothing_else() {
    let first = view(8, true, 3);
    assert_eq!(told(None, &first), "nq");
    assert_eq!(told(Some(&first), &view(8, false, 3)), "q");
    assert_eq!(told(Some(&first), &view(12, true, 3)), "n");
    assert_eq!(told(Some(&first), &view(8, true, 5)), "e");
    assert_eq!(told(Some(&first), &view(12, false, 5)), "nqe");
    assert_eq!(told(Some(&first), &first), "nq", "it was asked for again");
}

#[test]
fn callbacks_lie_in_the_order_of_the_header() {
    assert_eq!(offset_of!(Callbacks, expected), 8);
    assert_eq!(offset_of!(Callbacks, nodes), 16);
}
