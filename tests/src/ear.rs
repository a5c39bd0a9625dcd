//! Hearing that something has happened on a host: whatever happens there, somebody writes a log or
//! another file.
//!
//! Must never be taken for the event itself: whoever is woken looks for himself.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify;

/// Longest time without a look: some things happen and nobody writes about them.
const LOOK: Duration = Duration::from_millis(500);

/// Most bytes of notices that are taken at once.
const NOTICES: usize = 16 << 10;

/// Hears of changes in directories.
#[derive(Debug)]
pub(crate) struct Ear {
    notices: OwnedFd,
}

impl Ear {
    /// Listens to what happens in these directories.
    pub(crate) fn new<'a>(places: impl Iterator<Item = &'a Path>) -> Result<Self, String> {
        let failed = |errno: rustix::io::Errno| format!("cannot watch logs: {errno}");
        let notices = inotify::init(inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK);
        let notices = notices.map_err(failed)?;
        let kinds = inotify::WatchFlags::MODIFY
            | inotify::WatchFlags::CREATE
            | inotify::WatchFlags::MOVED_TO;
        for place in places.filter(|place| place.is_dir()) {
            inotify::add_watch(&notices, place, kinds).map_err(failed)?;
        }
        Ok(Self { notices })
    }

    /// Waits until something happens, or for a while.
    pub(crate) fn wait(&self) -> Result<(), String> {
        let timeout = Timespec::try_from(LOOK).map_err(|error| error.to_string())?;
        match poll(&mut [PollFd::new(&self.notices, PollFlags::IN)], Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(format!("cannot watch logs: {errno}")),
        }
        // Only that there were some counts.
        while matches!(rustix::io::read(&self.notices, &mut [0_u8; NOTICES]), Ok(n) if n > 0) {}
        Ok(())
    }
}
