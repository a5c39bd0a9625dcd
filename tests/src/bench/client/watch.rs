//! What a program is told of members and quorum, and when.
//!
//! Must never end by itself while its daemon lives: whoever races counts on the next line.

use std::path::Path;
use std::time::{Duration, Instant};

use client::{Change, Connection, Error};

use super::delays::now_nanos;
use crate::bench::meter::pause;

/// How long a daemon may take to serve.
const PATIENCE: Duration = Duration::from_secs(120);

/// Between two tries to reach it.
const TRY: Duration = Duration::from_millis(5);

/// The daemon, as soon as it serves.
pub(super) fn reach(socket: &Path) -> Result<Connection, Error> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match Connection::open(socket, "bench") {
            Ok(daemon) => return Ok(daemon),
            Err(error) if Instant::now() > deadline => return Err(error),
            // A socket that is not there yet makes no event.
            Err(_) => pause(TRY),
        }
    }
}

/// Prints an object for every change, for ever.
///
/// # Errors
/// The daemon is not there in time, or the conversation ended.
pub fn run(socket: &Path) -> Result<(), Error> {
    let mut daemon = reach(socket)?;
    daemon.watch(true)?;
    let status = daemon.status()?;
    let (mut quorate, mut ring) = (status.quorum.quorate, status.generation);
    let mut members = usize::try_from(status.members).unwrap_or(0);
    print(quorate, members, ring);
    loop {
        match daemon.change(None)? {
            Some(Change::Membership(now)) => (members, ring) = (now.members.len(), now.generation),
            Some(Change::Quorum(verdict)) => quorate = verdict.quorate,
            Some(Change::State(_) | Change::TryShutdown(_) | Change::ConfigUpdate(_)) | None => {
                continue;
            }
        }
        print(quorate, members, ring);
    }
}

fn print(quorate: bool, members: usize, ring: u64) {
    let (at, quorate) = (now_nanos(), u8::from(quorate));
    println!(r#"{{"at":{at},"quorate":{quorate},"members":{members},"ring":{ring}}}"#);
}
