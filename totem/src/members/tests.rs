use proptest::prelude::*;

use super::*;

/// By nodes instead of places.
fn choose(
    candidates: &NodeSet,
    standing: impl Fn(NodeId) -> Standing,
    linked: impl Fn(NodeId, NodeId) -> bool,
) -> NodeSet {
    let candidates: Vec<NodeId> = candidates.iter().copied().collect();
    super::choose(&candidates, standing, |a, b| linked(candidates[a], candidates[b]))
}

fn node(id: u32) -> NodeId {
    NodeId::new(id).expect("not zero")
}

fn nodes(ids: &[u32]) -> NodeSet {
    ids.iter().copied().map(node).collect()
}

fn equal(_: NodeId) -> Standing {
    Standing { weight: 1, current: true }
}

fn cut(a: u32, b: u32) -> impl Fn(NodeId, NodeId) -> bool {
    move |x, y| {
        let pair = (x.get().min(y.get()), x.get().max(y.get()));
        pair != (a.min(b), a.max(b))
    }
}

#[test]
fn one_cut_edge_costs_one_node() {
    assert_eq!(choose(&nodes(&[1, 2, 3]), equal, cut(1, 3)), nodes(&[1, 2]));
    assert_eq!(choose(&nodes(&[1, 2, 3, 4, 5]), equal, cut(2, 4)), nodes(&[1, 2, 3, 5]));
}

#[test]
fn the_heavier_the_member_the_lower_id_stays() {
    let heavy = |id: NodeId| Standing { weight: id.get(), current: true };
    assert_eq!(choose(&nodes(&[1, 2, 3]), heavy, cut(1, 3)), nodes(&[2, 3]));
    let newcomer = |id: NodeId| Standing { weight: 1, current: id.get() != 1 };
    assert_eq!(choose(&nodes(&[1, 2, 3]), newcomer, cut(1, 3)), nodes(&[2, 3]));
}

#[test]
fn a_deaf_node_goes_before_those_it_does_not_hear() {
    let deaf = |x: NodeId, y: NodeId| x.get() != 1 && y.get() != 1;
    assert_eq!(choose(&nodes(&[1, 2, 3, 4]), equal, deaf), nodes(&[2, 3, 4]));
}

proptest! {
    #[test]
    fn the_chosen_are_all_linked_and_nobody_is_dropped_without_need(
        missing in proptest::collection::btree_set((1..9_u32, 1..9_u32), 0..12),
        weights in proptest::collection::vec(0..4_u32, 9),
    ) {
        let linked = |x: NodeId, y: NodeId| {
            !missing.contains(&(x.get(), y.get())) && !missing.contains(&(y.get(), x.get()))
        };
        let standing = |id: NodeId| Standing {
            weight: weights[usize::try_from(id.get()).expect("small")],
            current: id.get().is_multiple_of(2),
        };
        let all = nodes(&[1, 2, 3, 4, 5, 6, 7, 8]);
        let chosen = choose(&all, standing, linked);
        for &x in &chosen {
            prop_assert!(chosen.iter().all(|&y| x == y || linked(x, y)));
        }
        prop_assert!(!chosen.is_empty());
        for &out in all.difference(&chosen) {
            prop_assert!(all.iter().any(|&other| other != out && !linked(out, other)));
        }
    }
}

#[test]
fn a_packet_names_no_more_nodes_than_a_peer_decodes() {
    let (few, ring) = (nodes(&[1, 2, 900]), nodes(&[1, 2]));
    assert_eq!(nameable(few.clone(), &ring), few);
    let many: NodeSet = (1..=200).map(node).collect();
    assert_eq!(nameable(many, &ring), ring);
}

#[test]
fn places_are_those_of_the_nodes_in_the_set() {
    let all: Vec<NodeId> = (1..=130).map(|id| node(2 * id)).collect();
    let places = Places::of(&all, &nodes(&[1, 2, 3, 130, 260, 300]));
    let named: Vec<usize> = (0..200).filter(|&place| places.has(place)).collect();
    assert_eq!(named, [0, 64, 129]);
}
