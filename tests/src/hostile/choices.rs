//! Bytes as a row of decisions.
//!
//! Must never fail: where the bytes end, every decision is zero.

/// Decisions not yet made.
#[derive(Clone, Debug)]
pub(super) struct Choices<'a>(&'a [u8]);

impl<'a> Choices<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) const fn is_over(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn byte(&mut self) -> u8 {
        let Some((&first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        first
    }

    pub(super) fn flag(&mut self) -> bool {
        self.byte() % 2 == 1
    }

    /// One of `of`, which is not empty.
    pub(super) fn one<T: Copy>(&mut self, of: &[T]) -> T {
        let index = usize::from(self.byte()) % of.len();
        *of.get(index).expect("reduced to the length")
    }

    pub(super) fn word(&mut self) -> u32 {
        u32::from_be_bytes([self.byte(), self.byte(), self.byte(), self.byte()])
    }

    pub(super) fn long(&mut self) -> u64 {
        (u64::from(self.word()) << 32) | u64::from(self.word())
    }

    /// At most `count` bytes as they are.
    pub(super) fn bytes(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// A number near `value`, by a distance at which serial numbers have their edges.
    pub(super) fn near(&mut self, value: u32) -> u32 {
        const HALF: u32 = 1 << 31;
        const DISTANCES: [u32; 16] =
            [0, 1, 2, 3, 8, 16, 48, 64, 80, 96, 112, 1 << 16, HALF - 64, HALF - 1, HALF, HALF + 1];
        let distance = self.one(&DISTANCES);
        match self.byte() % 8 {
            0..=3 => value.wrapping_add(distance),
            4..=6 => value.wrapping_sub(distance),
            _ => self.word(),
        }
    }

    /// The same for a number of 64 bits that only grows.
    pub(super) fn near_long(&mut self, value: u64) -> u64 {
        const DISTANCES: [u64; 8] = [0, 1, 2, 3, 4, 8, 1 << 32, 1 << 61];
        let distance = self.one(&DISTANCES);
        match self.byte() % 8 {
            0..=3 => value.wrapping_add(distance),
            4..=6 => value.wrapping_sub(distance),
            _ => self.long(),
        }
    }
}
