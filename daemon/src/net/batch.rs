//! A burst of frames leaves in as few calls as possible: a call into the kernel costs more than
//! sealing a frame.
//!
//! Must never change the order of frames, nor the size of one: the receiver takes each apart from
//! its neighbours by size alone. Frames are sealed one behind the other into one buffer; the plan
//! cuts it into runs that the kernel can segment (`UDP_SEGMENT`): frames of one size, of which
//! only the last may be shorter.

use std::ops::Range;

use bytes::BytesMut;

/// Most frames of one run: what the kernel takes (`UDP_MAX_SEGMENTS`).
pub(super) const MOST_SEGMENTS: usize = 64;

/// Most bytes of one run: the largest UDP payload over IPv6, the smaller of the two families.
pub(super) const MOST_BYTES: usize = 65_535 - 40 - 8;

/// Bytes after which a burst should leave although more may follow: further frames are sealed
/// while the kernel and the receivers are busy with these.
const FULL: usize = MOST_BYTES - 2_048;

/// Sealed frames that wait to leave together.
#[derive(Debug, Default)]
pub(super) struct Burst {
    sealed: BytesMut,
    sizes: Vec<usize>,
}

/// Frames that leave in one call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Run {
    /// Where they are in the burst.
    pub(super) bytes: Range<usize>,
    /// The size of each but the last, bytes.
    pub(super) segment: usize,
    /// How many there are.
    pub(super) count: usize,
}

impl Burst {
    /// Appends what `seal` appends, as one frame; nothing when it fails.
    pub(super) fn push<E>(
        &mut self,
        seal: impl FnOnce(&mut BytesMut) -> Result<(), E>,
    ) -> Result<(), E> {
        let before = self.sealed.len();
        match seal(&mut self.sealed) {
            Ok(()) => {
                self.sizes.push(self.sealed.len() - before);
                Ok(())
            }
            Err(error) => {
                self.sealed.truncate(before);
                Err(error)
            }
        }
    }

    /// True when it is time to send.
    pub(super) fn is_full(&self) -> bool {
        self.sealed.len() >= FULL || self.sizes.len() >= MOST_SEGMENTS
    }

    /// True when there is nothing to send.
    pub(super) fn is_empty(&self) -> bool {
        self.sizes.is_empty()
    }

    /// The frames, one behind the other.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.sealed
    }

    /// The runs, in order.
    pub(super) fn runs(&self) -> Vec<Run> {
        plan(&self.sizes)
    }

    /// Forgets all frames.
    pub(super) fn clear(&mut self) {
        self.sealed.clear();
        self.sizes.clear();
    }
}

/// Cuts frames of these sizes into runs.
fn plan(sizes: &[usize]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut open = false;
    for &size in sizes {
        let start = runs.last().map_or(0, |run| run.bytes.end);
        if let Some(run) = runs.last_mut()
            && open
            && size <= run.segment
            && run.count < MOST_SEGMENTS
            && run.bytes.len() + size <= MOST_BYTES
        {
            run.bytes.end += size;
            run.count += 1;
            open = size == run.segment;
            continue;
        }
        runs.push(Run { bytes: start..start + size, segment: size, count: 1 });
        open = true;
    }
    runs
}

impl Run {
    /// Where each frame of this run is in the burst.
    pub(super) fn frames(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        let Self { bytes, segment, count } = self.clone();
        (0..count).map(move |index| {
            let start = bytes.start + index * segment;
            start..(start + segment).min(bytes.end)
        })
    }
}

#[cfg(test)]
mod tests;
