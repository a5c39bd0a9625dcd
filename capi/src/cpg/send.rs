//! Sending a message to the group.
//!
//! Must never wait longer than it takes to know that the daemon does not read, nor while there is
//! something to be told: then the program is told to try again. Must never mix parts of two
//! messages: the connection is held from the first part to the last.

use std::cell::LazyCell;
use std::ffi::c_uint;
use std::io::IoSlice;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use bytes::{BufMut, Bytes, BytesMut};
use client::groups::{MOST, PART};
use client::proto::{self, Reason, request};
use client::{Connection, Error};

use super::{Cpg, lock};
use crate::error::Cs;

/// Number of `GroupMulticast` in `Request`, and of its content.
const MULTICAST: (u32, u32) = (82, 2);

/// How long the socket may be full.
const PATIENCE: Duration = Duration::from_secs(5);

/// The system takes so many bytes as a whole or not at all. More is begun only when the socket says
/// that it has room, which it does while three quarters of it are free: what was begun cannot be
/// taken back, and the daemon may not read on before this program has read.
const AT_ONCE: usize = 32 << 10;

/// The header's `CPG_TYPE_SAFE`.
const SAFE: c_uint = 3;

/// Which part of a message something is.
const MIDDLE: u8 = 0;
const FIRST: u8 = 1;
const LAST: u8 = 2;
const WHOLE: u8 = 3;

/// Sends these pieces as one message.
pub(super) fn send(cpg: &Cpg, guarantee: c_uint, pieces: &[IoSlice<'_>]) -> Result<(), Cs> {
    if guarantee > SAFE {
        return Err(Cs::InvalidParam);
    }
    let prefix = lock(&cpg.prefix).clone().ok_or(Cs::NotExist)?;
    let guarantee =
        if guarantee == SAFE { proto::Guarantee::Safe } else { proto::Guarantee::Agreed };
    let sent = cpg.base.session.ask(|asks| {
        let size: usize = pieces.iter().map(|piece| piece.len()).sum();
        let message = Message { prefix, guarantee };
        if size > PART {
            return message.parts(asks, pieces, size);
        }
        let deadline = LazyCell::new(|| Instant::now() + PATIENCE);
        let has_room = |asks: &Connection| cpg.base.session.has_room(asks.as_fd(), *deadline);
        loop {
            if size > AT_ONCE && !has_room(asks)? {
                return Err(Error::TimedOut);
            }
            match message.whole(asks, pieces) {
                Err(Error::TimedOut) if has_room(asks)? => {}
                sent => return sent,
            }
        }
    });
    match sent {
        // Nothing went out, or nothing of it will be delivered.
        Err(Cs::Timeout) => Err(Cs::TryAgain),
        sent => sent,
    }
}

/// What all parts of a message have in common.
struct Message {
    prefix: Bytes,
    guarantee: proto::Guarantee,
}

impl Message {
    fn head(&self) -> proto::GroupMulticast {
        proto::GroupMulticast { guarantee: self.guarantee.into(), message: Bytes::new() }
    }

    /// A message in one part, if the daemon takes it at once.
    fn whole(&self, asks: &mut Connection, pieces: &[IoSlice<'_>]) -> Result<(), Error> {
        let mut content = Vec::with_capacity(pieces.len() + 2);
        content.extend([IoSlice::new(&self.prefix), IoSlice::new(&[WHOLE])]);
        content.extend_from_slice(pieces);
        asks.post(MULTICAST, &self.head(), &content, || Some(Instant::now()))
    }

    /// A message that is larger than a part. Whether somebody joined meanwhile, so that nobody gets
    /// it, is known when the last part has its place.
    fn parts(
        &self,
        asks: &mut Connection,
        pieces: &[IoSlice<'_>],
        size: usize,
    ) -> Result<(), Error> {
        if size > MOST {
            let text = format!("message of {size} bytes, at most {MOST} are possible");
            return Err(Error::Refused { reason: Reason::TooLarge, text });
        }
        let last = (size - 1) / PART;
        let mut left = Pieces { pieces, at: 0 };
        for number in 0..=last {
            let part = match number {
                0 => FIRST,
                number if number == last => LAST,
                _ => MIDDLE,
            };
            let content = left.take(&self.prefix, part);
            if number == last {
                let multicast = proto::GroupMulticast { message: content, ..self.head() };
                asks.request(request::What::GroupMulticast(multicast))?;
            } else {
                let content = [IoSlice::new(&content)];
                let deadline = || Some(Instant::now() + PATIENCE);
                asks.post(MULTICAST, &self.head(), &content, deadline)?;
            }
        }
        Ok(())
    }
}

/// What is left of a message.
struct Pieces<'a> {
    pieces: &'a [IoSlice<'a>],
    /// Bytes of the first piece that were taken.
    at: usize,
}

impl Pieces<'_> {
    /// The next part, with what stands before it.
    fn take(&mut self, prefix: &[u8], part: u8) -> Bytes {
        let mut content = BytesMut::with_capacity(prefix.len() + 1 + PART);
        content.put_slice(prefix);
        content.put_u8(part);
        let mut room = PART;
        while let Some((piece, others)) = self.pieces.split_first()
            && room > 0
        {
            let rest = piece.get(self.at..).unwrap_or_default();
            let taken = rest.get(..room).unwrap_or(rest);
            content.put_slice(taken);
            room -= taken.len();
            self.at += taken.len();
            if self.at == piece.len() {
                (self.pieces, self.at) = (others, 0);
            }
        }
        content.freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_the_message_in_its_order() {
        let large: Vec<u8> = (0..u8::MAX).cycle().take(PART).collect();
        let pieces = [IoSlice::new(b"head"), IoSlice::new(&[]), IoSlice::new(&large)];
        let mut left = Pieces { pieces: &pieces, at: 0 };
        let (first, last) = (left.take(b"me", FIRST), left.take(b"me", LAST));
        assert_eq!((&first[..7], first.len()), (&b"me\x01head"[..], 3 + PART));
        assert_eq!(&last[..3], b"me\x02");
        assert_eq!([&first[7..], &last[3..]].concat(), large);
    }
}
