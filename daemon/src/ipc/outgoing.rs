//! Bytes on their way into a socket, in the pieces in which they came.
//!
//! Must never copy a large piece, nor drop a byte that the socket did not take.

use std::collections::VecDeque;
use std::io::{self, IoSlice};

use bytes::{Buf, Bytes};

/// Most pieces of one write.
const PIECES: usize = 64;

/// See the module's head.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    pieces: VecDeque<Bytes>,
    size: usize,
}

impl Outgoing {
    /// Bytes that wait.
    pub(super) const fn len(&self) -> usize {
        self.size
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.size == 0
    }

    /// One more piece, behind the others.
    pub(super) fn push(&mut self, piece: Bytes) {
        if !piece.is_empty() {
            self.size += piece.len();
            self.pieces.push_back(piece);
        }
    }

    /// Offers what waits to `write`, which says how many bytes it took.
    pub(super) fn write(
        &mut self,
        write: impl FnOnce(&[IoSlice<'_>]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let slices: Vec<IoSlice<'_>> =
            self.pieces.iter().take(PIECES).map(|piece| IoSlice::new(piece)).collect();
        let written = write(&slices)?;
        self.advance(written);
        Ok(written)
    }

    fn advance(&mut self, written: usize) {
        let mut left = written.min(self.size);
        self.size -= left;
        while left > 0 {
            let Some(first) = self.pieces.front_mut() else { return };
            let taken = left.min(first.len());
            first.advance(taken);
            left -= taken;
            if first.is_empty() {
                self.pieces.pop_front();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_socket_takes_goes_whole_pieces_or_not() {
        let mut outgoing = Outgoing::default();
        for piece in [&b"one"[..], b"", b"three", b"seven"] {
            outgoing.push(Bytes::copy_from_slice(piece));
        }
        let mut taken = Vec::new();
        for most in [4, 1, 0, 7, 9] {
            let written = outgoing.write(|slices| {
                let all: Vec<u8> = slices.iter().flat_map(|slice| slice.to_vec()).collect();
                let some = all.get(..most).unwrap_or(&all);
                taken.extend_from_slice(some);
                Ok(some.len())
            });
            assert!(written.is_ok_and(|written| written <= most));
        }
        assert_eq!((&taken[..], outgoing.len()), (&b"onethreeseven"[..], 0));
        assert!(outgoing.is_empty());
    }
}
