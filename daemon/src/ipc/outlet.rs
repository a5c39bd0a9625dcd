//! What waits for one program: the shell puts it in and never waits, the session takes it out.
//!
//! Must never grow beyond its bounds, in frames and in bytes: what does not fit is an error, and
//! whoever fills it ends the session then. Long before, the program's own multicasts are held back,
//! since they come back to it. Notices that come while the session does not run share
//! one piece of memory, which leaves in one write.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use client::frame::FrameError;
use client::proto::reply;
use thiserror::Error;
use tokio::sync::{Notify, oneshot};

use super::Limits;
use super::telling::Telling;
use super::traffic::Traffic;
use crate::stack::command::SessionId;
use crate::stack::connections::Connection;

/// A program for which more waits than this part of what may wait is behind. What it has sent by
/// then must still fit: a whole backlog of its node's, and what others say.
const BEHIND: usize = 64;

/// It has caught up when no more waits than this part.
const EASED: usize = 128;

/// Bytes of notices that share a piece of memory.
const PIECE: usize = 64 << 10;

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
    /// Frames with notices, and how many.
    Notices(Bytes, usize),
    /// These requests are done, and the program wants to hear nothing of it.
    Finished(Vec<u64>),
}

/// The shell's end of a session.
#[derive(Debug)]
pub(super) struct Outlet {
    queue: Arc<Queue>,
    traffic: Arc<Traffic>,
    cut: oneshot::Sender<Option<String>>,
    /// The process at the other end, where the system says it.
    pid: u32,
    /// How often it had to wait, for room on the ring or until it had read.
    holds: u64,
}

/// The session's end.
#[derive(Debug)]
pub(super) struct Outbox(Arc<Queue>);

#[derive(Debug)]
struct Queue {
    waiting: Mutex<Waiting>,
    filled: Notify,
    limits: Limits,
}

#[derive(Debug, Default)]
struct Waiting {
    sent: VecDeque<Sent>,
    /// Notices behind all of that, and how many.
    open: BytesMut,
    in_open: usize,
    finished: Vec<u64>,
    frames: usize,
    /// Also those that the session has taken and not done with.
    bytes: usize,
    /// One of the ends is gone.
    over: bool,
    /// Somebody is to be told when the program has caught up.
    held: bool,
}

/// Makes the two ends.
pub(super) fn pair(
    limits: Limits,
    (traffic, pid): (Arc<Traffic>, Option<i32>),
    cut: oneshot::Sender<Option<String>>,
) -> (Outlet, Outbox) {
    let queue = Queue { waiting: Mutex::default(), filled: Notify::new(), limits };
    let queue = Arc::new(queue);
    let pid = pid.and_then(|pid| u32::try_from(pid).ok()).unwrap_or(0);
    (Outlet { queue: Arc::clone(&queue), traffic, cut, pid, holds: 0 }, Outbox(queue))
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the session when there was nothing for it; otherwise it has been woken.
    fn wake_if(&self, idle: bool) {
        if idle {
            self.filled.notify_one();
        }
    }
}

impl Waiting {
    /// Room for so many bytes in one more frame; false when nobody will take it.
    fn admit(&mut self, size: usize, limits: &Limits) -> Result<bool, Overrun> {
        if self.over {
            // The session has ended and its `Gone` is on the way.
            return Ok(false);
        }
        let Self { frames, bytes, .. } = *self;
        // A single frame is let through however large: its size has a bound of its own.
        if (bytes > 0 && bytes + size > limits.queued_bytes) || frames >= limits.queued_frames {
            return Err(Overrun::Full { frames, bytes });
        }
        self.frames += 1;
        self.bytes += size;
        Ok(true)
    }

    fn close_piece(&mut self) {
        if !self.open.is_empty() {
            let piece = self.open.split().freeze();
            if piece.len() > PIECE {
                // So much is not kept for the next one.
                self.open = BytesMut::new();
            }
            self.sent.push_back(Sent::Notices(piece, self.in_open));
            self.in_open = 0;
        }
    }

    /// Nothing is here for the session: it has to be woken for what comes.
    const fn is_idle(&self) -> bool {
        self.frames == 0 && self.finished.is_empty()
    }

    fn take(&mut self) -> Option<Sent> {
        if !self.finished.is_empty() {
            return Some(Sent::Finished(std::mem::take(&mut self.finished)));
        }
        if self.sent.is_empty() {
            self.close_piece();
        }
        let sent = self.sent.pop_front()?;
        self.frames -= match &sent {
            Sent::Reply(..) => 1,
            Sent::Notices(_, count) => *count,
            Sent::Finished(_) => 0,
        };
        Some(sent)
    }
}

impl Outlet {
    /// The program has to wait, for room on the ring or until it has read.
    pub(super) const fn hold(&mut self) {
        self.holds += 1;
    }

    /// What is shown of it; it is `held` while it has to wait.
    pub(super) fn shown(&self, session: SessionId, held: bool) -> Connection {
        let (name, [requests, responses, dispatched]) = self.traffic.seen();
        Connection {
            session,
            name,
            pid: self.pid,
            requests,
            responses,
            dispatched,
            queued: u32::try_from(self.queue.lock().frames).unwrap_or(u32::MAX),
            held,
            holds: self.holds,
        }
    }

    /// Queues an answer.
    pub(super) fn answer(&mut self, number: u64, what: reply::What) -> Result<(), Overrun> {
        let mut waiting = self.queue.lock();
        let idle = waiting.is_idle();
        if waiting.admit(what.encoded_len(), &self.queue.limits)? {
            waiting.close_piece();
            waiting.sent.push_back(Sent::Reply(number, what));
            self.queue.wake_if(idle);
        }
        Ok(())
    }

    /// A request is done that goes unanswered.
    pub(super) fn finish(&self, number: u64) {
        let mut waiting = self.queue.lock();
        let idle = waiting.is_idle();
        if !waiting.over {
            waiting.finished.push(number);
            self.queue.wake_if(idle);
        }
    }

    /// Queues a notice, which becomes a frame of at most `most` bytes right here.
    pub(super) fn tell(&mut self, what: &Telling<'_>, most: usize) -> Result<(), Overrun> {
        let size = what.size(most).map_err(Overrun::Frame)?;
        let mut waiting = self.queue.lock();
        let idle = waiting.is_idle();
        if waiting.admit(size, &self.queue.limits)? {
            if waiting.open.len() + size > waiting.open.capacity() {
                waiting.close_piece();
                // The first one that waits may remain the only one.
                let room = if waiting.sent.is_empty() { size } else { size.max(PIECE) };
                waiting.open.reserve(room);
            }
            what.append(most, &mut waiting.open).map_err(Overrun::Frame)?;
            waiting.in_open += 1;
            self.queue.wake_if(idle);
        }
        Ok(())
    }

    /// Queues a notice that several are told.
    pub(super) fn tell_frame(&mut self, frame: Bytes) -> Result<(), Overrun> {
        let mut waiting = self.queue.lock();
        let idle = waiting.is_idle();
        if waiting.admit(frame.len(), &self.queue.limits)? {
            waiting.close_piece();
            waiting.sent.push_back(Sent::Notices(frame, 1));
            self.queue.wake_if(idle);
        }
        Ok(())
    }

    /// The program has so much to read that it must not add to it. The session says when that is
    /// over.
    pub(super) fn lags(&self) -> bool {
        let Queue { limits, .. } = *self.queue;
        let mut waiting = self.queue.lock();
        let lags = waiting.bytes > limits.queued_bytes / BEHIND
            || waiting.frames > limits.queued_frames / BEHIND;
        waiting.held |= lags;
        lags
    }

    /// Ends the session at once, whatever waits for it. The program is told why, if it still takes
    /// that much.
    pub(super) fn cut(mut self, why: Option<String>) {
        let (cut, _) = oneshot::channel();
        // An error means that it has ended by itself.
        let _ = std::mem::replace(&mut self.cut, cut).send(why);
    }
}

impl Drop for Outlet {
    fn drop(&mut self) {
        self.queue.lock().over = true;
        self.queue.filled.notify_one();
    }
}

impl Outbox {
    /// What comes next, if it is here.
    pub(super) fn take(&self) -> Option<Sent> {
        self.0.lock().take()
    }

    /// What comes next; `None` when nothing will. May be cancelled at any time without loss.
    pub(super) async fn next(&self) -> Option<Sent> {
        loop {
            let filled = self.0.filled.notified();
            {
                let mut waiting = self.0.lock();
                match waiting.take() {
                    None if waiting.over => return None,
                    None => {}
                    sent @ Some(_) => return sent,
                }
            }
            filled.await;
        }
    }

    /// So many bytes wait no more.
    pub(super) fn done(&self, bytes: usize) {
        let mut waiting = self.0.lock();
        waiting.bytes = waiting.bytes.saturating_sub(bytes);
    }

    /// True once when the program has caught up and somebody is to be told.
    pub(super) fn eased(&self) -> bool {
        let mut waiting = self.0.lock();
        let few = waiting.bytes <= self.0.limits.queued_bytes / EASED
            && waiting.frames <= self.0.limits.queued_frames / EASED;
        few && std::mem::take(&mut waiting.held)
    }

    /// Drops what waits, and takes no more.
    pub(super) fn close(&self) {
        *self.0.lock() = Waiting { over: true, ..Waiting::default() };
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        self.0.lock().over = true;
    }
}
