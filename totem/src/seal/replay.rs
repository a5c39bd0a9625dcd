//! Which counters of a sender were seen: a packet that comes twice is taken once.
//!
//! Must never move for a packet that is not authenticated: one forged high counter would shut out
//! all honest ones. The bitmap is a ring of words that slides by whole words (RFC 6479), so that
//! moving on costs one cleared word per 64 packets.

/// Counters below the highest seen that are still told apart. Data and tokens come through two
/// sockets, each drained in bursts, so packets overtake each other by whole receive buffers.
pub(super) const SPAN: u64 = 8192;

const WORD: u64 = 64;

/// One word more than the span, since the newest word is only partly in use.
const WORDS: usize = 129;

/// The counters seen of one boot of one sender.
#[derive(Clone, Debug)]
pub(super) struct Window {
    highest: u64,
    seen: [u64; WORDS],
}

impl Window {
    /// A window in which `counter` was seen, and nothing else.
    pub(super) fn starting_at(counter: u64) -> Self {
        let mut window = Self { highest: counter, seen: [0; WORDS] };
        window.mark(counter);
        window
    }

    /// True for a counter that was not seen and is not too old to know.
    pub(super) fn is_fresh(&self, counter: u64) -> bool {
        if counter > self.highest {
            return true;
        }
        self.highest - counter < SPAN && self.seen[slot(counter / WORD)] & bit(counter) == 0
    }

    /// Notes a fresh counter as seen.
    pub(super) fn mark(&mut self, counter: u64) {
        if counter > self.highest {
            let (old, new) = (self.highest / WORD, counter / WORD);
            // A longer jump clears every word once; clearing twice would change nothing.
            let first = new.saturating_sub(SPAN / WORD).max(old + 1);
            for word in first..=new {
                self.seen[slot(word)] = 0;
            }
            self.highest = counter;
        }
        self.seen[slot(counter / WORD)] |= bit(counter);
    }
}

fn slot(word: u64) -> usize {
    usize::try_from(word % (SPAN / WORD + 1)).expect("less than the number of words")
}

const fn bit(counter: u64) -> u64 {
    1 << (counter % WORD)
}

#[cfg(test)]
mod tests;
