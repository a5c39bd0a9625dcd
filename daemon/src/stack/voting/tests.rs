use std::time::Duration;

use quorum::{Refused, Step, Verdict, Votes, Why};
use totem::NodeSet;

use super::super::command::SessionId;
use super::super::effect::Effect;
use super::*;

const WATCHER: SessionId = SessionId(1);
const NOW: Instant = Instant::ORIGIN;

fn node(id: u32) -> NodeId {
    NodeId::new(id).expect("not zero")
}

fn voting() -> Voting {
    let votes = [1, 2, 3].map(|id| (node(id), Votes::ONE));
    Voting::new(&quorum::Config::new(node(1), votes.into(), None, false).expect("valid"))
}

fn states(ids: &[u32]) -> BTreeMap<NodeId, State> {
    let three = Votes::new(3);
    let state = voting().quorum().state();
    let said = State { votes: Votes::ONE, expected: three, file: three, ..state };
    ids.iter().map(|&id| (node(id), said.clone())).collect()
}

fn verdict(quorate: bool, present: u32) -> Verdict {
    let [present, needed, expected] = [present, 2, 3].map(Votes::new);
    Verdict { quorate, present, needed, expected, device: Votes::ZERO, why: Why::Majority }
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
    voting.on_synced(NOW, &states(&[1]), &mut outbox);
    assert_eq!(drained(&mut outbox), [told(verdict(false, 1))]);
    voting.on_synced(NOW, &states(&[1, 2]), &mut outbox);
    let won = verdict(true, 2);
    assert_eq!(drained(&mut outbox), [Effect::Report(Report::Quorum(won)), told(won)]);
    voting.on_synced(NOW, &states(&[1, 2, 3]), &mut outbox);
    assert_eq!(drained(&mut outbox), [told(verdict(true, 3))]);
    let gone = NodeSet::from([node(2), node(3)]);
    voting.on_departed(NOW, Departed { gone, ..Departed::default() }, &mut outbox);
    let lost = verdict(false, 1);
    assert_eq!(drained(&mut outbox), [Effect::Report(Report::Quorum(lost)), told(lost)]);
}

#[test]
fn an_operators_word_counts_when_it_comes() {
    let mut outbox = Outbox::default();
    let mut voting = voting();
    voting.on_synced(NOW, &states(&[1]), &mut outbox);
    let word = Message::Expected(Votes::ONE).encode();
    assert_eq!(voting.on_message((node(1), node(1)), &word, &mut outbox), Ok(()));
    assert!(voting.quorum().verdict().quorate);
}

#[test]
fn a_state_outside_a_hello_makes_nobody_a_voter() {
    let mut outbox = Outbox::default();
    let mut voting = voting();
    let state = Message::State(states(&[2])[&node(2)].clone()).encode();
    assert!(voting.on_message((node(1), node(2)), &state, &mut outbox).is_err());
    assert!(voting.on_message((node(1), node(2)), &[77], &mut outbox).is_err());
    assert_eq!(voting.quorum().verdict().present, Votes::ZERO);
}

#[test]
fn another_configuration_of_votes_is_reported() {
    let mut outbox = Outbox::default();
    let mut voting = voting();
    let mut said = states(&[1, 2]);
    said.get_mut(&node(2)).expect("there").votes = Votes::new(7);
    voting.on_synced(NOW, &said, &mut outbox);
    let what = quorum::Difference::Votes { theirs: Votes::new(7), ours: Votes::ONE };
    let report = Effect::Report(Report::Differs { node: node(2), what });
    assert!(drained(&mut outbox).contains(&report));
}

fn request(session: u64, number: u64) -> RequestId {
    RequestId { session: SessionId(session), number }
}

/// All three are members, and nothing waits to be told.
fn together(outbox: &mut Outbox) -> Voting {
    let mut voting = voting();
    voting.on_synced(NOW, &states(&[1, 2, 3]), outbox);
    drained(outbox);
    voting
}

/// What is said on the ring next, without the service's header.
fn said(outbox: &mut Outbox) -> Option<Message> {
    let pending = outbox.next_message(Lane::Data)?;
    Some(Message::decode(&pending.message[2..]).expect("its own message"))
}

fn replies(outbox: &mut Outbox) -> Vec<(RequestId, Reply)> {
    let reply =
        |effect| if let Effect::Reply { to, reply } = effect { Some((to, reply)) } else { None };
    drained(outbox).into_iter().filter_map(reply).collect()
}

#[test]
fn a_request_is_answered_when_it_came_back_and_not_before() {
    let mut outbox = Outbox::default();
    let mut voting = together(&mut outbox);
    let ask = VoteCommand::Expected(Votes::ONE);
    voting.command((NOW, request(7, 1)), ask, &[], &mut outbox);
    assert_eq!(replies(&mut outbox), []);
    let word = said(&mut outbox).expect("all members are asked");
    assert_eq!(word, Message::Expected(Votes::ONE));
    let from = |id| (node(1), node(id));
    assert_eq!(voting.on_message(from(2), &word.encode(), &mut outbox), Ok(()));
    assert_eq!(replies(&mut outbox), [], "somebody else's");
    assert_eq!(voting.on_message(from(1), &word.encode(), &mut outbox), Ok(()));
    assert_eq!(replies(&mut outbox), [(request(7, 1), Reply::Done)]);
}

#[test]
fn what_became_impossible_on_its_way_is_refused_then() {
    let mut outbox = Outbox::default();
    let mut voting = together(&mut outbox);
    voting.command((NOW, request(7, 1)), VoteCommand::Expected(Votes::new(4)), &[], &mut outbox);
    let word = said(&mut outbox).expect("possible for three");
    let gone = NodeSet::from([node(2), node(3)]);
    voting.on_departed(NOW, Departed { gone, ..Departed::default() }, &mut outbox);
    let before = voting.quorum().voter(node(1));
    assert_eq!(voting.on_message((node(1), node(1)), &word.encode(), &mut outbox), Ok(()));
    let why = Refused::TooMany { needed: 3, present: 1 };
    assert_eq!(replies(&mut outbox), [(request(7, 1), Reply::Refused(Refusal::Votes(why)))]);
    assert_eq!(voting.quorum().voter(node(1)), before);
}

#[test]
fn what_is_impossible_is_refused_at_once_and_not_said() {
    let mut outbox = Outbox::default();
    let mut voting = together(&mut outbox);
    voting.command((NOW, request(7, 1)), VoteCommand::Expected(Votes::new(6)), &[], &mut outbox);
    let why = Refused::TooMany { needed: 4, present: 3 };
    assert_eq!(replies(&mut outbox), [(request(7, 1), Reply::Refused(Refusal::Votes(why)))]);
    assert_eq!(said(&mut outbox), None);
}

fn device(name: &str) -> DeviceCommand {
    DeviceCommand::Register { name: name.to_owned(), votes: Votes::ONE }
}

#[test]
fn a_device_belongs_to_the_program_that_registered_it() {
    let mut outbox = Outbox::default();
    let mut voting = together(&mut outbox);
    let mut ask = |voting: &mut Voting, session, command| {
        let command = VoteCommand::Device(command);
        voting.command((NOW, request(session, 1)), command, &[], &mut outbox);
        replies(&mut outbox).remove(0).1
    };
    let refused = |why| Reply::Refused(Refusal::Device(why));
    let none = refused(DeviceRefused::None);
    assert_eq!(ask(&mut voting, 7, DeviceCommand::Poll(true)), none);
    assert_eq!(ask(&mut voting, 7, device("disk")), Reply::Done);
    assert_eq!(ask(&mut voting, 8, DeviceCommand::Poll(true)), none);
    assert_eq!(ask(&mut voting, 7, DeviceCommand::Poll(true)), Reply::Done);
    assert_eq!(ask(&mut voting, 8, device("disk")), refused(DeviceRefused::InUse));
    assert_eq!(ask(&mut voting, 7, DeviceCommand::Poll(false)), Reply::Done);
    assert_eq!(ask(&mut voting, 8, device("disk")), Reply::Done);
    assert_eq!(ask(&mut voting, 7, DeviceCommand::Unregister), none);
    assert_eq!(ask(&mut voting, 8, DeviceCommand::Unregister), Reply::Done);
}

#[test]
fn whoever_may_sets_the_votes_of_a_device_that_is_there() {
    let mut outbox = Outbox::default();
    let mut voting = together(&mut outbox);
    let votes = VoteCommand::DeviceVotes(Votes::new(2));
    voting.command((NOW, request(8, 1)), votes.clone(), &[], &mut outbox);
    let none = Reply::Refused(Refusal::Device(DeviceRefused::None));
    assert_eq!(replies(&mut outbox), [(request(8, 1), none)]);
    let registers = VoteCommand::Device(device("disk"));
    voting.command((NOW, request(7, 1)), registers, &[], &mut outbox);
    replies(&mut outbox);
    voting.command((NOW, request(8, 2)), votes, &[], &mut outbox);
    let word = said(&mut outbox).expect("it is possible");
    assert_eq!(voting.on_message((node(1), node(1)), &word.encode(), &mut outbox), Ok(()));
    assert_eq!(replies(&mut outbox), [(request(8, 2), Reply::Done)]);
    assert_eq!(voting.quorum().device().map(|it| it.votes), Some(Votes::new(2)));
}

#[test]
fn a_device_is_lost_with_its_program_and_by_silence() {
    let mut outbox = Outbox::default();
    let mut voting = together(&mut outbox);
    for command in [device("disk"), DeviceCommand::Poll(true)] {
        let command = VoteCommand::Device(command);
        voting.command((NOW, request(7, 1)), command, &[], &mut outbox);
    }
    let word = said(&mut outbox).expect("the device is alive");
    voting.on_message((node(1), node(1)), &word.encode(), &mut outbox).expect("its own");
    assert_eq!(voting.quorum().verdict().device, Votes::ONE);
    let at = voting.deadline().expect("the next poll is due").at;
    assert_eq!(at, NOW + Duration::from_secs(10));
    let mut other = Voting { quorum: voting.quorum.clone(), asked: VecDeque::new(), ..voting };
    other.gone(SessionId(8), &mut outbox);
    assert_eq!(other.quorum().verdict().device, Votes::ONE);
    drained(&mut outbox);
    other.gone(SessionId(7), &mut outbox);
    assert_eq!(other.quorum().verdict().device, Votes::ZERO);
    assert!(drained(&mut outbox).contains(&Effect::Report(Report::DeviceLost)));
    assert_eq!(said(&mut outbox), Some(Message::Device(Votes::ZERO)));
}

#[test]
fn what_would_happen_is_answered_at_once_and_changes_nothing() {
    let mut outbox = Outbox::default();
    let mut voting = together(&mut outbox);
    let steps = vec![Step::Fail([node(2)].into()), Step::Fail([node(3)].into())];
    voting.command((NOW, request(7, 1)), VoteCommand::WhatIf(steps), &[], &mut outbox);
    let Some((_, Reply::WhatIf(trial))) = replies(&mut outbox).pop() else { panic!("no trial") };
    let quorate: Vec<bool> = trial.verdicts.iter().map(|verdict| verdict.quorate).collect();
    assert_eq!((quorate, trial.outlook.any), (vec![true, false], 1));
    let steps = vec![Step::Join([node(9)].into())];
    voting.command((NOW, request(7, 2)), VoteCommand::WhatIf(steps), &[], &mut outbox);
    let refused = Reply::Refused(Refusal::Step { step: 0, why: Refused::Unknown(node(9)) });
    assert_eq!(replies(&mut outbox), [(request(7, 2), refused)]);
    assert_eq!(*voting.quorum().verdict(), verdict(true, 3));
}
