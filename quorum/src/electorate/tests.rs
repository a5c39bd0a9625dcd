use super::*;

fn node(id: u32) -> NodeId {
    NodeId::new(id).expect("not zero")
}

fn electorate() -> Electorate {
    let votes = [(1, 1), (2, 3), (3, 0)].map(|(id, votes)| (node(id), Votes::new(votes)));
    Electorate::new(&Config::new(node(1), votes.into(), None, false).expect("valid"))
}

#[test]
fn absent_nodes_do_not_count() {
    let mut electorate = electorate();
    assert_eq!(electorate.count(), Count { members: 0, total: 0, highest: 0 });
    electorate.enter(node(2), Votes::new(4));
    assert_eq!(electorate.count(), Count { members: 1, total: 3, highest: 4 });
    electorate.enter(node(3), Votes::new(9));
    assert_eq!(electorate.count(), Count { members: 2, total: 3, highest: 9 });
    electorate.depart(&BTreeSet::from([node(3)]));
    assert_eq!(electorate.count(), Count { members: 1, total: 3, highest: 4 });
}

#[test]
fn a_stranger_has_one_vote_and_is_forgotten_when_it_goes() {
    let mut electorate = electorate();
    electorate.enter(node(9), Votes::new(2));
    let present =
        Voter { votes: Votes::ONE, expected: Votes::new(2), present: true, configured: false };
    assert_eq!(electorate.known(node(9)), Some(&present));
    electorate.depart(&BTreeSet::from([node(9)]));
    assert_eq!(electorate.known(node(9)), None);
    assert_eq!(electorate.voter(node(9)).votes, Votes::ONE);
}

#[test]
fn a_configured_node_keeps_what_it_last_said() {
    let mut electorate = electorate();
    electorate.enter(node(2), Votes::new(7));
    electorate.depart(&BTreeSet::from([node(2)]));
    assert_eq!(electorate.voter(node(2)).expected, Votes::new(7));
    assert!(!electorate.voter(node(2)).present);
}

#[test]
fn limiting_lowers_all_and_sets_one() {
    let mut electorate = electorate();
    electorate.enter(node(1), Votes::new(4));
    electorate.enter(node(2), Votes::new(1));
    electorate.limit_expected(node(1), Votes::new(2));
    assert_eq!(electorate.voter(node(1)).expected, Votes::new(2));
    assert_eq!(electorate.voter(node(2)).expected, Votes::new(1));
    electorate.limit_expected(node(2), Votes::new(8));
    assert_eq!(electorate.voter(node(1)).expected, Votes::new(2));
    assert_eq!(electorate.expected(), Votes::new(8));
}
