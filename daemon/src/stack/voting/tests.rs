use quorum::{Verdict, Votes, Why};
use totem::NodeSet;

use super::super::command::SessionId;
use super::super::effect::Effect;
use super::*;

const WATCHER: SessionId = SessionId(1);

fn node(id: u32) -> NodeId {
    NodeId::new(id).expect("not zero")
}

fn voting() -> Voting {
    let votes = [1, 2, 3].map(|id| (node(id), Votes::ONE));
    Voting::new(&quorum::Config::new(node(1), votes.into(), None, false).expect("valid"))
}

fn states(ids: &[u32]) -> BTreeMap<NodeId, State> {
    let said = State { votes: Votes::ONE, expected: Votes::new(3), two_node: false };
    ids.iter().map(|&id| (node(id), said)).collect()
}

fn verdict(quorate: bool, present: u32) -> Verdict {
    let [present, needed, expected] = [present, 2, 3].map(Votes::new);
    Verdict { quorate, present, needed, expected, why: Why::Majority }
}

fn drained(outbox: &mut Outbox) -> Vec<Effect> {
    std::iter::from_fn(|| outbox.poll()).collect()
}

fn told(verdict: Verdict) -> Effect {
    Effect::Notify { to: WATCHER, notice: Notice::Quorum(verdict) }
}

#[test]
fn watchers_hear_every_verdict_and_the_log_only_its_turns() {
    let mut outbox = Outbox::default();
    outbox.watch(WATCHER, true);
    let mut voting = voting();
    voting.on_synced(&states(&[1]), &mut outbox);
    assert_eq!(drained(&mut outbox), [told(verdict(false, 1))]);
    voting.on_synced(&states(&[1, 2]), &mut outbox);
    let won = verdict(true, 2);
    assert_eq!(drained(&mut outbox), [Effect::Report(Report::Quorum(won)), told(won)]);
    voting.on_synced(&states(&[1, 2, 3]), &mut outbox);
    assert_eq!(drained(&mut outbox), [told(verdict(true, 3))]);
    let gone = NodeSet::from([node(2), node(3)]);
    voting.on_departed(&Departed { gone, removed: NodeSet::new() }, &mut outbox);
    let lost = verdict(false, 1);
    assert_eq!(drained(&mut outbox), [Effect::Report(Report::Quorum(lost)), told(lost)]);
}

#[test]
fn an_operators_word_counts_when_it_comes() {
    let mut outbox = Outbox::default();
    let mut voting = voting();
    voting.on_synced(&states(&[1]), &mut outbox);
    let word = Message::Expected(Votes::ONE).encode();
    assert_eq!(voting.on_message(node(1), &word, &mut outbox), Ok(()));
    assert!(voting.quorum().verdict().quorate);
}

#[test]
fn a_state_outside_a_hello_makes_nobody_a_voter() {
    let mut outbox = Outbox::default();
    let mut voting = voting();
    let state = Message::State(states(&[2])[&node(2)]).encode();
    assert!(voting.on_message(node(2), &state, &mut outbox).is_err());
    assert!(voting.on_message(node(2), &[77], &mut outbox).is_err());
    assert_eq!(voting.quorum().verdict().present, Votes::ZERO);
}

#[test]
fn another_configuration_of_votes_is_reported() {
    let mut outbox = Outbox::default();
    let mut voting = voting();
    let mut said = states(&[1, 2]);
    said.get_mut(&node(2)).expect("there").votes = Votes::new(7);
    voting.on_synced(&said, &mut outbox);
    let what = quorum::Difference::Votes { theirs: Votes::new(7), ours: Votes::ONE };
    let report = Effect::Report(Report::Differs { node: node(2), what });
    assert!(drained(&mut outbox).contains(&report));
}
