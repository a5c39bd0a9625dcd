use super::super::effect::Effect;
use super::*;

const PATIENCE: Duration = Duration::from_secs(5);
const ASKER: SessionId = SessionId(1);
const ONE: SessionId = SessionId(2);
const OTHER: SessionId = SessionId(3);
const PLAIN: Leave = Leave { remove: false, force: false };
const FORCE: Leave = Leave { remove: false, force: true };

/// A question and what came of it.
struct Desk {
    shutdown: Shutdown,
    outbox: Outbox,
}

impl Desk {
    fn new() -> Self {
        let mut desk = Self { shutdown: Shutdown::new(PATIENCE), outbox: Outbox::default() };
        for session in [ONE, OTHER] {
            desk.outbox.watch(session, true);
            desk.shutdown.register(session, true);
        }
        desk
    }

    fn ask(&mut self, number: u64, leave: Leave) -> Option<Agreed> {
        let request = request(number);
        self.shutdown.begin(Instant::ORIGIN, (request, leave), &mut self.outbox)
    }

    fn answer(&mut self, session: SessionId, agrees: bool) -> Option<Agreed> {
        self.shutdown.answer(session, agrees, &mut self.outbox)
    }

    /// Who was told, and what requests were answered.
    fn effects(&mut self) -> (Vec<SessionId>, Vec<(u64, Refusal)>) {
        let (mut told, mut refused) = (Vec::new(), Vec::new());
        while let Some(effect) = self.outbox.poll() {
            match effect {
                Effect::Notify { to, notice: Notice::TryShutdown(_) } => told.push(to),
                Effect::Reply { to, reply: Reply::Refused(why) } => refused.push((to.number, why)),
                Effect::Reply { .. }
                | Effect::Notify { .. }
                | Effect::NotifyAll { .. }
                | Effect::Send { .. }
                | Effect::Store(_)
                | Effect::Report(_)
                | Effect::File(_)
                | Effect::Debug(_)
                | Effect::Admit(_)
                | Effect::Exit(_)
                | Effect::Wait(_) => panic!("{effect:?}"),
            }
        }
        (told, refused)
    }
}

fn request(number: u64) -> RequestId {
    RequestId { session: ASKER, number }
}

#[test]
fn without_objectors_it_is_agreed_at_once() {
    let mut desk = Desk { shutdown: Shutdown::new(PATIENCE), outbox: Outbox::default() };
    assert_eq!(desk.ask(7, PLAIN), Some((request(7), PLAIN)));
    assert!(!desk.shutdown.is_under_way());
}

#[test]
fn all_must_agree() {
    let mut desk = Desk::new();
    assert_eq!(desk.ask(7, PLAIN), None);
    assert!(desk.shutdown.is_under_way());
    assert_eq!(desk.effects(), (vec![ONE, OTHER], vec![]));
    assert_eq!(desk.answer(ONE, true), None);
    assert_eq!(desk.answer(ONE, true), None, "one voice each");
    assert_eq!(desk.answer(OTHER, true), Some((request(7), PLAIN)));
    assert_eq!(desk.answer(OTHER, false), None, "too late");
}

#[test]
fn one_that_objects_is_enough() {
    let mut desk = Desk::new();
    desk.ask(7, PLAIN);
    desk.effects();
    assert_eq!(desk.answer(OTHER, false), None);
    assert_eq!(desk.effects(), (vec![], vec![(7, Refusal::Busy)]));
    assert!(!desk.shutdown.is_under_way());
    assert_eq!(desk.shutdown.deadline(), None);
    desk.ask(8, PLAIN);
    assert!(desk.shutdown.is_under_way(), "it may be asked again");
}

#[test]
fn who_hangs_up_agrees() {
    let mut desk = Desk::new();
    desk.ask(7, PLAIN);
    assert_eq!(desk.shutdown.gone(ONE, &mut desk.outbox), None);
    assert_eq!(desk.shutdown.gone(OTHER, &mut desk.outbox), Some((request(7), PLAIN)));
    assert_eq!(desk.ask(8, PLAIN), Some((request(8), PLAIN)), "nobody is left");
}

#[test]
fn who_does_not_answer_in_time_objects() {
    let mut desk = Desk::new();
    desk.ask(7, PLAIN);
    desk.effects();
    desk.answer(ONE, true);
    let end = Instant::ORIGIN + PATIENCE;
    assert_eq!(desk.shutdown.deadline().map(|deadline| deadline.at), Some(end));
    let before = Instant::ORIGIN + (PATIENCE - Duration::from_nanos(1));
    assert_eq!(desk.shutdown.on_time(before, &mut desk.outbox), None);
    assert!(desk.shutdown.is_under_way());
    assert_eq!(desk.shutdown.on_time(end, &mut desk.outbox), None);
    assert_eq!(desk.effects(), (vec![], vec![(7, Refusal::Busy)]));
}

#[test]
fn force_overrules_those_who_object_and_waits_no_longer_than_for_them() {
    let mut desk = Desk::new();
    assert_eq!(desk.ask(7, FORCE), None, "they have the time to put things in order");
    assert_eq!(desk.answer(ONE, false), None);
    assert_eq!(desk.answer(OTHER, false), Some((request(7), FORCE)));
    desk.ask(8, FORCE);
    let end = Instant::ORIGIN + PATIENCE;
    assert_eq!(desk.shutdown.on_time(end, &mut desk.outbox), Some((request(8), FORCE)));
}

#[test]
fn a_second_question_meanwhile_is_refused() {
    let mut desk = Desk::new();
    desk.ask(7, PLAIN);
    desk.ask(8, FORCE);
    assert_eq!(desk.effects(), (vec![ONE, OTHER], vec![(8, Refusal::Already)]));
    desk.shutdown.give_up(&mut desk.outbox);
    assert_eq!(desk.effects(), (vec![], vec![(7, Refusal::Leaving)]));
}

#[test]
fn who_asks_is_not_asked() {
    let mut desk = Desk::new();
    desk.shutdown.register(ASKER, true);
    desk.shutdown.register(OTHER, false);
    assert_eq!(desk.ask(7, PLAIN), None);
    assert_eq!(desk.answer(ONE, true), Some((request(7), PLAIN)));
}
