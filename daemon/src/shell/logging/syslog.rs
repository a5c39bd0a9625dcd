//! The system's log, as a socket that may be there or not.
//!
//! Must never wait for it: what it does not take at once is not said again.

use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;

use confdb::cluster::logging::Facility;
use tracing::Level;

use super::writer::PROGRAM;

/// Most bytes of a message: what every receiver takes whole (RFC 5426 §3.2 and practice).
const LONGEST: usize = 2048;

/// The way to the system's log.
#[derive(Debug)]
pub(super) struct Syslog {
    path: PathBuf,
    socket: Option<UnixDatagram>,
}

impl Syslog {
    pub(super) const fn new(path: PathBuf) -> Self {
        Self { path, socket: None }
    }

    /// One message in the form of RFC 3164.
    pub(super) fn write(&mut self, (facility, level): (Facility, Level), time: &str, body: &str) {
        let code = u32::from(facility.code()) * 8 + severity(level);
        let mut message = format!("<{code}>{time} {PROGRAM}[{}]: {body}", std::process::id());
        while message.len() > LONGEST {
            message.pop();
        }
        // Twice: the receiver may have been restarted since the last message.
        for _ in 0..2 {
            if self.socket.is_none() {
                self.socket = self.connect().ok();
            }
            let Some(socket) = &self.socket else { return };
            match socket.send(message.as_bytes()) {
                Ok(_) => return,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => self.socket = None,
            }
        }
    }

    fn connect(&self) -> io::Result<UnixDatagram> {
        let socket = UnixDatagram::unbound()?;
        socket.connect(&self.path)?;
        socket.set_nonblocking(true)?;
        Ok(socket)
    }
}

/// The code of RFC 3164, table 2.
const fn severity(level: Level) -> u32 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        Level::DEBUG | Level::TRACE => 7,
    }
}
