//! What went through a session, counted at its two ends.
//!
//! Must never decide anything: it is shown and nothing else.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// The numbers of one session.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    /// What the program calls itself, once it has said so.
    name: OnceLock<String>,
    requests: AtomicU64,
    replies: AtomicU64,
    notices: AtomicU64,
}

impl Traffic {
    /// The program says its name. It does so once.
    pub(super) fn name(&self, name: String) {
        let _ = self.name.set(name);
    }

    /// The program asked something.
    pub(super) fn asked(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// It was answered.
    pub(super) fn answered(&self) {
        self.replies.fetch_add(1, Ordering::Relaxed);
    }

    /// It was told so many things without asking.
    pub(super) fn told(&self, count: usize) {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.notices.fetch_add(count, Ordering::Relaxed);
    }

    /// Its name, and how many requests, replies and notices there were.
    pub(super) fn seen(&self) -> (String, [u64; 3]) {
        let name = self.name.get().cloned().unwrap_or_default();
        let counts = [&self.requests, &self.replies, &self.notices];
        (name, counts.map(|count| count.load(Ordering::Relaxed)))
    }
}
