//! Short numbers for long things that nodes compare: equal things have equal numbers.
//!
//! Must never be used against an enemy: whoever may speak on the ring has the cluster's key. FNV-1a
//! (Fowler, Noll, Vo) over 64 bits.

/// A number under construction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Digest(u64);

impl Default for Digest {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Digest {
    pub(crate) fn add(&mut self, number: u64) {
        for byte in number.to_be_bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    /// The number; never 0, which stands for nothing.
    pub(crate) fn value(self) -> u64 {
        self.0.max(1)
    }
}

#[cfg(test)]
mod tests;
