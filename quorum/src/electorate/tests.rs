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
    assert_eq!(electorate.count(), Count { members: 1, total: 3, highest: 9 });
    electorate.depart(&BTreeSet::from([node(3)]));
    assert_eq!(electorate.count(), Count { members: 1, total: 3, highest: 4 });
}

#[test]
fn a_stranger_has_no_vote_and_is_forgotten_when_it_goes() {
    let mut electorate = electorate();
    electorate.enter(node(9), Votes::new(2));
    let voter = electorate.voter(node(9));
    assert_eq!((voter.votes, voter.expected), (Votes::ZERO, Votes::new(2)));
    assert!(voter.present && !voter.configured);
    electorate.depart(&BTreeSet::from([node(9)]));
    assert_eq!(electorate.known(node(9)), None);
    assert_eq!(electorate.voter(node(9)).votes, Votes::ZERO);
}

#[test]
fn another_table_counts_for_all_it_lists_and_for_all_who_are_here() {
    let mut electorate = electorate();
    electorate.enter(node(2), Votes::ONE);
    electorate.adopt(&[(node(1), Votes::new(7))].into());
    let votes = |id| electorate.voter(node(id)).votes.get();
    assert_eq!([votes(1), votes(2), votes(3)], [7, 0, 0]);
}

#[test]
fn all_are_there_when_everyone_with_a_vote_is() {
    let mut electorate = electorate();
    electorate.enter(node(1), Votes::ONE);
    assert!(!electorate.is_complete());
    electorate.enter(node(2), Votes::ONE);
    assert!(electorate.is_complete());
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
fn what_is_forced_is_expected_by_all_who_are_here() {
    let mut electorate = electorate();
    electorate.enter(node(1), Votes::new(4));
    electorate.enter(node(2), Votes::new(1));
    electorate.force_expected(Votes::new(2));
    assert_eq!(electorate.voter(node(1)).expected, Votes::new(2));
    assert_eq!(electorate.voter(node(2)).expected, Votes::new(2));
    assert_eq!(electorate.voter(node(3)).expected, Votes::new(4), "its file's");
}
