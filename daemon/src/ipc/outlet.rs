//! The shell's end of a session: a queue that is never waited for.
//!
//! Must never grow beyond its bounds, in frames and in bytes: what does not fit is an error, and
//! whoever fills it ends the session then. Long before, the program's own multicasts are held back,
//! since they come back to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bytes::Bytes;
use client::frame::FrameError;
use client::proto::reply;
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};

use super::Limits;
use super::traffic::Traffic;
use crate::stack::command::SessionId;
use crate::stack::connections::Connection;

/// A program for which more waits than this part of what may wait is behind. What it has sent by
/// then must still fit: a whole backlog of its node's, and what others say.
const BEHIND: usize = 8;

/// It has caught up when no more waits than this part.
const EASED: usize = 16;

/// Why a session cannot be sent more.
#[derive(Debug, Error)]
pub(super) enum Overrun {
    /// It does not read.
    #[error("it does not read: {frames} frames of {bytes} bytes wait for it")]
    Full {
        /// Frames waiting.
        frames: usize,
        /// Bytes waiting.
        bytes: usize,
    },
    /// What is to be sent does not fit a frame.
    #[error("cannot tell it: {0}")]
    Frame(FrameError),
}

/// Something for a program.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Sent {
    /// The answer to the request with this number; its turn comes when earlier ones were answered.
    Reply(u64, reply::What),
    /// A frame with a notice.
    Notice(Bytes),
}

impl Sent {
    /// Bytes that it counts for while it waits.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Reply(_, what) => what.encoded_len(),
            Self::Notice(frame) => frame.len(),
        }
    }
}

/// What both ends of a session know of what waits for its program.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    bytes: AtomicUsize,
    /// Somebody is to be told when the program has caught up.
    held: AtomicBool,
}

impl Waiting {
    /// These bytes wait no longer.
    pub(super) fn less(&self, bytes: usize) {
        self.bytes.fetch_sub(bytes, Ordering::SeqCst);
    }

    /// True once when the program has caught up and somebody is to be told; `frames` still wait.
    pub(super) fn eased(&self, frames: usize, limits: &Limits) -> bool {
        self.held.load(Ordering::SeqCst)
            && self.bytes.load(Ordering::SeqCst) <= limits.queued_bytes / EASED
            && frames <= limits.queued_frames / EASED
            && self.held.swap(false, Ordering::SeqCst)
    }
}

/// The shell's end of a session.
#[derive(Debug)]
pub(super) struct Outlet {
    queue: mpsc::Sender<Sent>,
    traffic: Arc<Traffic>,
    cut: oneshot::Sender<Option<String>>,
    limits: Limits,
    /// The process at the other end, where the system says it.
    pid: u32,
    /// How often it had to wait for room on the ring.
    holds: u64,
}

impl Outlet {
    /// The end that belongs to these.
    pub(super) fn new(
        queue: mpsc::Sender<Sent>,
        (traffic, pid): (Arc<Traffic>, Option<i32>),
        cut: oneshot::Sender<Option<String>>,
        limits: Limits,
    ) -> Self {
        let pid = pid.and_then(|pid| u32::try_from(pid).ok()).unwrap_or(0);
        Self { queue, traffic, cut, limits, pid, holds: 0 }
    }

    /// The program has to wait for room on the ring.
    pub(super) const fn hold(&mut self) {
        self.holds += 1;
    }

    /// What is shown of it; it is `held` while it waits for room on the ring.
    pub(super) fn shown(&self, session: SessionId, held: bool) -> Connection {
        let (name, [requests, responses, dispatched]) = self.traffic.seen();
        let frames = self.limits.queued_frames - self.queue.capacity();
        Connection {
            session,
            name,
            pid: self.pid,
            requests,
            responses,
            dispatched,
            queued: u32::try_from(frames).unwrap_or(u32::MAX),
            held,
            holds: self.holds,
        }
    }

    /// Queues one thing for the program.
    pub(super) fn send(&mut self, sent: Sent) -> Result<(), Overrun> {
        let size = sent.size();
        let (frames, bytes) = self.waits();
        // A single frame is let through however large: its size has a bound of its own.
        if bytes > 0 && bytes + size > self.limits.queued_bytes {
            return Err(Overrun::Full { frames, bytes });
        }
        match self.queue.try_send(sent) {
            Ok(()) => {
                self.traffic.waiting.bytes.fetch_add(size, Ordering::SeqCst);
                Ok(())
            }
            Err(mpsc::error::TrySendError::Full(_)) => Err(Overrun::Full { frames, bytes }),
            // The session has ended and its `Gone` is on the way.
            Err(mpsc::error::TrySendError::Closed(_)) => Ok(()),
        }
    }

    /// The program has so much to read that it must not add to it. The session says when that is
    /// over.
    pub(super) fn lags(&self) -> bool {
        if !self.is_behind() {
            return false;
        }
        self.traffic.waiting.held.store(true, Ordering::SeqCst);
        // It may have caught up just before, and would not say so.
        self.is_behind()
    }

    fn is_behind(&self) -> bool {
        let (frames, bytes) = self.waits();
        bytes > self.limits.queued_bytes / BEHIND || frames > self.limits.queued_frames / BEHIND
    }

    fn waits(&self) -> (usize, usize) {
        let frames = self.limits.queued_frames - self.queue.capacity();
        (frames, self.traffic.waiting.bytes.load(Ordering::SeqCst))
    }

    /// Ends the session at once, whatever waits for it. The program is told why, if it still takes
    /// that much.
    pub(super) fn cut(self, why: Option<String>) {
        // An error means that it has ended by itself.
        let _ = self.cut.send(why);
    }
}
