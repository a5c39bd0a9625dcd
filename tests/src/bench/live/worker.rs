//! A program beside the daemon that sends and receives raw messages through its socket: what users
//! of the library get, next to what the ring can do.
//!
//! Must never hide that it was cut off: a program that cannot keep up is a result as well.

use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use client::proto::Reason;
use client::{Connection, Delivery, Error, Guarantee};

use crate::bench::record::per_second;

/// Bytes of own messages that may be on their way. Less than the daemon's own generator has: the
/// daemon cuts off programs for which 8 MiB wait, and those of all senders come together.
const OUTSTANDING: usize = 512 << 10;

/// Messages sent before deliveries are looked at, as Corosync's sender does.
const BURST: u64 = 64;

/// Most deliveries taken before messages are sent again: all that the library keeps.
const DELIVERIES: u64 = 16 << 10;

/// How long the members may take to find together.
const FORMATION: Duration = Duration::from_secs(30);

/// How long to wait for a delivery when there is nothing else to do.
const PAUSE: Duration = Duration::from_millis(1);

/// Between the total and the end, so that the others count to theirs.
const GRACE: Duration = Duration::from_secs(1);

/// What to send.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Plan {
    /// Bytes of a message.
    pub size: usize,
    /// For how long.
    pub length: Duration,
    /// Once so many are members.
    pub members: usize,
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
    payload: Bytes,
    outstanding: usize,
    delivered: Count,
}

/// Sends through the daemon that listens at `socket`, and prints what is delivered: an object per
/// second and a total.
///
/// # Errors
/// The conversation ended, or the members do not find together in time.
pub fn run(socket: &Path, plan: Plan) -> Result<(), Error> {
    let mut daemon = Connection::open(socket, "bench")?;
    let me = daemon.status()?.me.id;
    daemon.attach()?;
    let payload = Bytes::from(vec![0; plan.size]);
    let mut worker =
        Worker { daemon, me, plan, payload, outstanding: 0, delivered: Count::default() };
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
        let (start, mut before, mut last) = (self.delivered, self.delivered, began);
        while began.elapsed() < self.plan.length {
            let mut sent = 0;
            while sent < BURST && self.give()? {
                sent += 1;
            }
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

    /// Sends one message if it may.
    fn give(&mut self) -> Result<bool, Error> {
        if self.outstanding > 0 && self.outstanding + self.plan.size > OUTSTANDING {
            return Ok(false);
        }
        match self.daemon.multicast(Guarantee::Agreed, self.payload.clone()) {
            Ok(()) => {
                self.outstanding += self.plan.size;
                Ok(true)
            }
            Err(Error::Refused { reason: Reason::TryAgain, .. }) => Ok(false),
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
                    if message.from == self.me {
                        self.outstanding = self.outstanding.saturating_sub(message.payload.len());
                    }
                }
            }
            until = Instant::now();
        }
        Ok(taken)
    }

    fn print(&self, span: &str, before: Count, since: Instant) {
        let nanos = since.elapsed().as_nanos();
        let messages = self.delivered.messages - before.messages;
        let hundredths = per_second(self.delivered.bytes - before.bytes, nanos) / 10_000;
        println!(
            concat!(
                r#"{{"node":{},"span":"{}","members":{},"size":{},"messages":{},"#,
                r#""messages_per_second":{},"megabytes_per_second":{}.{:02}}}"#,
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
    }
}
