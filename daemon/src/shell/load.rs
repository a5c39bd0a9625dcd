//! A session inside the daemon that sends as fast as the ring accepts and counts what is delivered:
//! how fast is this ring, here and now?
//!
//! Must never differ from a program for the stack: it uses the same commands and hears the same
//! notices. Begins when all configured nodes are members, prints one JSON object per second to
//! standard output, then a total, and then has the node leave.

use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use totem::{Guarantee, Instant, Kind, NodeId, NodeSet};

use super::clock::nanos_of;
use crate::options::{self, Measure};
use crate::stack::Stack;
use crate::stack::command::{Command, RequestId, SessionId};
use crate::stack::effect::{Notice, Refusal, Reply};

/// Least bytes of a message: the time at which it was sent.
pub const SMALLEST: usize = 8;

/// The generator's session: no program's, they are counted from the other end.
pub const SESSION: SessionId = SessionId(u64::MAX);

/// Bytes of own messages that may be on their way, unless told otherwise or a single one is larger.
pub const OUTSTANDING: usize = 2 << 20;

/// One message of so many carries the time.
const STAMPED: u64 = 16;

/// Between the last message and the end, so that others count to theirs.
const GRACE: Duration = Duration::from_secs(1);

/// The generator.
#[derive(Debug)]
pub struct Load {
    me: NodeId,
    wanted: usize,
    plan: options::Load,
    length: Duration,
    window: usize,
    blank: Bytes,
    phase: Phase,
    members: NodeSet,
    number: u64,
    outstanding: usize,
    second: Count,
    total: Count,
    rotation: Duration,
}

/// How far it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    /// Not all nodes are members yet.
    Waiting,
    /// Since then, with the next line due then.
    Sending { since: Instant, next: Instant },
    /// Waiting for the others until then.
    Done { until: Instant },
}

/// What was delivered.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Count {
    messages: u64,
    bytes: u64,
    latencies: Vec<u64>,
}

impl Load {
    /// A generator on node `me` that begins when `wanted` nodes are members; `None` when nothing
    /// is to be measured.
    #[must_use]
    pub fn new(me: NodeId, wanted: usize, measure: &Measure) -> Option<Self> {
        let plan = measure.load?;
        Some(Self {
            me,
            wanted,
            plan,
            length: measure.load_seconds,
            window: measure.load_window,
            blank: Bytes::from(vec![0; plan.size]),
            phase: Phase::Waiting,
            members: NodeSet::new(),
            number: 0,
            outstanding: 0,
            second: Count::default(),
            total: Count::default(),
            rotation: Duration::ZERO,
        })
    }

    /// Asks to hear everything.
    pub fn attach(&mut self, now: Instant, stack: &mut Stack) {
        let request = self.request();
        stack.command(now, request, Command::Attach);
    }

    /// Takes in an answer.
    pub fn on_reply(&mut self, reply: &Reply) {
        match reply {
            Reply::Refused(Refusal::TryAgain | Refusal::Busy) => {
                self.outstanding = self.outstanding.saturating_sub(self.plan.size);
            }
            Reply::Refused(
                Refusal::TooLarge { .. }
                | Refusal::Leaving
                | Refusal::Already
                | Refusal::UnknownNode(_)
                | Refusal::NotThere(_),
            ) => {
                self.wanted = usize::MAX;
                self.phase = Phase::Waiting;
            }
            // Nothing that this load asks for is refused so.
            Reply::Refused(
                Refusal::Disallowed
                | Refusal::Votes(_)
                | Refusal::Device(_)
                | Refusal::Step { .. }
                | Refusal::AlreadyMember
                | Refusal::NotInGroup
                | Refusal::TooManyMembers(_)
                | Refusal::NotItsOwn
                | Refusal::Interrupted
                | Refusal::Port(_)
                | Refusal::OtherRing(_),
            ) => {}
            Reply::Status(status) => {
                self.rotation = status.pace.rotation;
            }
            Reply::Done
            | Reply::Nodes(_)
            | Reply::Device(_)
            | Reply::Running(_)
            | Reply::WhatIf(_)
            | Reply::Reload(_)
            | Reply::JoinedGroup(_)
            | Reply::GroupMembers(_)
            | Reply::Groups(_)
            | Reply::Map(_)
            | Reply::Listening(_)
            | Reply::Counting(_)
            | Reply::Objects(_) => {}
        }
    }

    /// Takes in what the ring delivers.
    pub fn on_notice(&mut self, now: Instant, notice: &Notice) {
        match notice {
            Notice::Configuration(configuration) if configuration.kind == Kind::Regular => {
                self.members.clone_from(&configuration.members);
                if self.phase == Phase::Waiting && self.members.len() >= self.wanted {
                    self.phase = Phase::Sending { since: now, next: now + Duration::from_secs(1) };
                }
            }
            Notice::Message { from, payload, .. } => {
                self.second.messages += 1;
                self.second.bytes += u64::try_from(payload.len()).unwrap_or(u64::MAX);
                if *from != self.me {
                    return;
                }
                self.outstanding = self.outstanding.saturating_sub(payload.len());
                let stamp = payload.first_chunk().copied().map_or(0, u64::from_be_bytes);
                if stamp > 0 {
                    self.second.latencies.push(now.as_nanos().saturating_sub(stamp));
                }
            }
            Notice::Membership { .. }
            | Notice::Data { .. }
            | Notice::Port { .. }
            | Notice::Quorum(_)
            | Notice::State { .. }
            | Notice::TryShutdown(_)
            | Notice::ConfigUpdate { .. }
            | Notice::Configuration(_)
            | Notice::Group(_)
            | Notice::Key(_)
            | Notice::View(_)
            | Notice::Object(_) => {}
        }
    }

    /// Gives the stack as many messages as it should have.
    pub fn fill(&mut self, now: Instant, stack: &mut Stack) {
        let senders = self.plan.senders.unwrap_or(usize::MAX);
        let mine = self.members.iter().take(senders).any(|node| *node == self.me);
        if !mine || !matches!(self.phase, Phase::Sending { .. }) {
            return;
        }
        while self.outstanding == 0 || self.outstanding + self.plan.size <= self.window {
            let request = self.request();
            let payload = self.payload(now);
            self.outstanding += payload.len();
            stack.command(
                now,
                request,
                Command::Multicast { guarantee: Guarantee::Agreed, payload },
            );
        }
    }

    /// Asks how the ring is, when a line is due: true when it did, and the answer
    /// should be taken in before [`Load::tick`].
    pub fn ask(&mut self, now: Instant, stack: &mut Stack) -> bool {
        let due = self.deadline().is_some_and(|deadline| deadline <= now);
        if due {
            let request = self.request();
            stack.command(now, request, Command::Status);
        }
        due
    }

    /// Prints what is due; true when it is time to leave.
    pub fn tick(&mut self, now: Instant) -> bool {
        match self.phase {
            Phase::Waiting => self.wanted == usize::MAX,
            Phase::Done { until } => now >= until,
            Phase::Sending { since, next } if now >= next => {
                let second = std::mem::take(&mut self.second);
                let took = now.since(next) + Duration::from_secs(1);
                println!("{}", self.line("second", &second, took));
                self.total.add(second);
                if now.since(since) >= self.length {
                    println!("{}", self.line("total", &self.total, now.since(since)));
                    self.phase = Phase::Done { until: now + GRACE };
                } else {
                    self.phase = Phase::Sending { since, next: now + Duration::from_secs(1) };
                }
                false
            }
            Phase::Sending { .. } => false,
        }
    }

    /// When [`Load::tick`] has something to do.
    #[must_use]
    pub const fn deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Waiting => None,
            Phase::Sending { next, .. } => Some(next),
            Phase::Done { until } => Some(until),
        }
    }

    fn request(&mut self) -> RequestId {
        self.number += 1;
        RequestId { session: SESSION, number: self.number }
    }

    fn payload(&self, now: Instant) -> Bytes {
        if !self.number.is_multiple_of(STAMPED) {
            return self.blank.clone();
        }
        let mut payload = BytesMut::from(&self.blank[..]);
        payload[..SMALLEST].as_mut().put_u64(now.as_nanos());
        payload.freeze()
    }

    fn line(&self, what: &str, count: &Count, took: Duration) -> String {
        let Count { messages, bytes, latencies } = count;
        let micros = nanos_of(took) / 1000;
        let per_second = |amount: u64| amount.saturating_mul(1_000_000) / micros.max(1);
        let hundredths = per_second(*bytes) / 10_000;
        format!(
            concat!(
                r#"{{"node":{},"span":"{}","members":{},"size":{},"messages":{},"#,
                r#""messages_per_second":{},"megabytes_per_second":{}.{:02},"#,
                r#""latency_us_p50":{},"latency_us_p99":{},"rotation_us":{}}}"#,
            ),
            self.me,
            what,
            self.members.len(),
            self.plan.size,
            messages,
            per_second(*messages),
            hundredths / 100,
            hundredths % 100,
            quantile(latencies, 50),
            quantile(latencies, 99),
            self.rotation.as_micros(),
        )
    }
}

impl Count {
    /// Adds a second's count. Latencies are thinned so that a long run stays small.
    fn add(&mut self, mut other: Self) {
        const MOST: usize = 100_000;
        self.messages += other.messages;
        self.bytes += other.bytes;
        self.latencies.append(&mut other.latencies);
        if self.latencies.len() > MOST {
            let mut keep = false;
            self.latencies.retain(|_| {
                keep = !keep;
                keep
            });
        }
    }
}

/// The latency below which this percentage lies, microseconds; zero of none.
fn quantile(latencies: &[u64], percent: usize) -> u64 {
    let mut sorted = latencies.to_vec();
    sorted.sort_unstable();
    let place = sorted.len() * percent / 100;
    sorted.get(place.min(sorted.len().saturating_sub(1))).map_or(0, |nanos| nanos / 1000)
}

#[cfg(test)]
mod tests;
