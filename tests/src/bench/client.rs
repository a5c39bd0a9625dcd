//! A program beside the daemon that sends and receives raw messages through its socket: what users
//! of the library get, next to what the ring can do. The C client in `peers/race.c` does the same
//! through closed process groups, for engines that have them.
//!
//! Must never hide that it was cut off: a program that cannot keep up is a result as well.

use std::io::IoSlice;
use std::path::Path;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use client::{Connection, Delivery, Error, Guarantee};

use self::delays::{Delays, now_nanos};
use super::record::per_second;

pub mod delays;
pub mod watch;

/// Bytes of own messages that may be on their way. Less than the daemon's own generator has: the
/// daemon cuts off programs for which 128 MiB wait, and those of all senders come together.
const OUTSTANDING: usize = 512 << 10;

/// Messages sent before deliveries are looked at, as Corosync's sender does.
const BURST: u64 = 64;

/// Most deliveries taken before messages are sent again: all that the library keeps.
const DELIVERIES: u64 = 16 << 10;

/// How long the members may take to find together.
const FORMATION: Duration = Duration::from_secs(120);

/// How long to wait for a delivery when there is nothing else to do.
const PAUSE: Duration = Duration::from_millis(1);

/// Between the total and the end, so that the others count to theirs.
const GRACE: Duration = Duration::from_secs(1);

/// At full speed, of so many messages one is looked at.
const EVERY: u64 = 16;

/// What to send.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Plan {
    /// Bytes of a message.
    pub size: usize,
    /// For how long.
    pub length: Duration,
    /// Once so many are members.
    pub members: usize,
    /// So many a second; as fast as they are taken, if zero.
    pub rate: u64,
    /// This one sends; else it only counts.
    pub sends: bool,
}

/// What was delivered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Count {
    messages: u64,
    bytes: u64,
}

struct Worker {
    daemon: Connection,
    me: u32,
    plan: Plan,
    payload: BytesMut,
    outstanding: usize,
    delivered: Count,
    own: Delays,
    others: Delays,
    /// When something was last looked at, and the longest time between two.
    last: u64,
    silence: u64,
}

/// Sends through the daemon that listens at `socket`, and prints what is delivered: an object per
/// second and a total.
///
/// # Errors
/// The conversation ended, or the members do not find together in time.
pub fn run(socket: &Path, plan: Plan) -> Result<(), Error> {
    let mut daemon = watch::reach(socket)?;
    let me = daemon.status()?.me.id;
    daemon.attach()?;
    let mut worker = Worker {
        daemon,
        me,
        plan,
        payload: BytesMut::zeroed(plan.size),
        outstanding: 0,
        delivered: Count::default(),
        own: Delays::default(),
        others: Delays::default(),
        last: 0,
        silence: 0,
    };
    worker.wait()?;
    worker.measure()
}

impl Worker {
    fn wait(&mut self) -> Result<(), Error> {
        let deadline = Instant::now() + FORMATION;
        loop {
            match self.daemon.delivery(Some(deadline))? {
                None => return Err(Error::TimedOut),
                Some(Delivery::Configuration(configuration)) => {
                    if !configuration.transitional
                        && configuration.members.len() >= self.plan.members
                    {
                        return Ok(());
                    }
                }
                Some(Delivery::Message(_)) => {}
            }
        }
    }

    fn measure(&mut self) -> Result<(), Error> {
        let began = Instant::now();
        let mut given = 0;
        let (start, mut before, mut last) = (self.delivered, self.delivered, began);
        while began.elapsed() < self.plan.length {
            let (mut sent, most) = (0, self.due(began, given));
            while sent < most && self.give()? {
                sent += 1;
            }
            given += sent;
            if self.take(Instant::now())? == 0 && sent == 0 {
                self.take(Instant::now() + PAUSE)?;
            }
            if last.elapsed() >= Duration::from_secs(1) {
                self.print("second", before, last);
                (before, last) = (self.delivered, Instant::now());
            }
        }
        self.print("total", start, began);
        let end = Instant::now() + GRACE;
        while Instant::now() < end {
            self.take(end)?;
        }
        Ok(())
    }

    /// How many messages are due; at full speed, a burst.
    fn due(&self, began: Instant, given: u64) -> u64 {
        if !self.plan.sends {
            return 0;
        }
        if self.plan.rate == 0 {
            return BURST;
        }
        let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        (micros.saturating_mul(self.plan.rate) / 1_000_000).saturating_sub(given)
    }

    /// Sends one message if it may.
    fn give(&mut self) -> Result<bool, Error> {
        if self.outstanding > 0 && self.outstanding + self.plan.size > OUTSTANDING {
            return Ok(false);
        }
        let stamp = now_nanos().to_ne_bytes();
        if let Some(start) = self.payload.first_chunk_mut() {
            *start = stamp;
        }
        let now = Some(Instant::now());
        let parts = [IoSlice::new(&self.payload)];
        match self.daemon.post_multicast(Guarantee::Agreed, &parts, now) {
            Ok(()) => {
                self.outstanding += self.plan.size;
                Ok(true)
            }
            Err(Error::TimedOut) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Takes what is here, the first of it waited for until `deadline`; how many messages.
    fn take(&mut self, deadline: Instant) -> Result<u64, Error> {
        let mut taken = 0;
        let mut until = deadline;
        while taken < DELIVERIES {
            match self.daemon.delivery(Some(until))? {
                None => break,
                Some(Delivery::Configuration(_)) => {}
                Some(Delivery::Message(message)) => {
                    taken += 1;
                    self.delivered.messages += 1;
                    self.delivered.bytes +=
                        u64::try_from(message.payload.len()).unwrap_or(u64::MAX);
                    self.look(message.from, &message.payload);
                    if message.from == self.me {
                        self.outstanding = self.outstanding.saturating_sub(message.payload.len());
                    }
                }
            }
            until = Instant::now();
        }
        Ok(taken)
    }

    /// Notes how long a message was on its way; at full speed, of one in a while.
    fn look(&mut self, from: u32, payload: &Bytes) {
        if self.plan.rate == 0 && !self.delivered.messages.is_multiple_of(EVERY) {
            return;
        }
        let now = now_nanos();
        if self.last > 0 {
            self.silence = self.silence.max(now - self.last);
        }
        self.last = now;
        let sent = payload.first_chunk().copied().map_or(0, u64::from_ne_bytes);
        if sent > 0 && sent < now {
            let delays = if from == self.me { &mut self.own } else { &mut self.others };
            delays.keep(now - sent);
        }
    }

    fn print(&mut self, span: &str, before: Count, since: Instant) {
        let nanos = since.elapsed().as_nanos();
        let messages = self.delivered.messages - before.messages;
        let hundredths = per_second(self.delivered.bytes - before.bytes, nanos) / 10_000;
        print!(
            concat!(
                r#"{{"node":{},"span":"{}","members":{},"size":{},"messages":{},"#,
                r#""messages_per_second":{},"megabytes_per_second":{}.{:02}"#,
            ),
            self.me,
            span,
            self.plan.members,
            self.plan.size,
            messages,
            per_second(messages, nanos),
            hundredths / 100,
            hundredths % 100,
        );
        if span == "total" {
            for (whose, delays) in [("own", &mut self.own), ("peer", &mut self.others)] {
                for (name, part) in [("p50", 500), ("p99", 990), ("p999", 999)] {
                    print!(r#","{whose}_{name}":{}"#, delays.part(part));
                }
            }
            print!(r#","silence":{}"#, self.silence);
        }
        println!("}}");
    }
}
