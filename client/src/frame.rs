//! Messages have an end on a stream that has none: the only code that knows how.
//!
//! Must never trust a length: it is checked against a maximum before a byte of memory is set aside
//! for it, and no sequence of bytes does worse than an error.
//!
//! A frame is its length, four bytes with the most significant first, then that many bytes of one
//! protobuf message. Framing knows nothing of what the messages mean, except for one service to
//! whoever refuses a request it does not know: [`unknown_field`] says the number of the request.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use prost::Message;
use prost::encoding::{
    DecodeContext, WireType, decode_key, encode_key, encode_varint, encoded_len_varint, key_len,
    skip_field,
};
use thiserror::Error;

/// Bytes of the length that stands before each frame.
pub const PREFIX: usize = 4;

/// Largest frame either side takes unless told otherwise, bytes after the length: a raw message of
/// one mebibyte, with room for what is said about it.
pub const MAX_FRAME: usize = (1 << 20) + (64 << 10);

/// Bytes that are no frame, or a message too large for one. A stream that produced one has lost
/// its place: hang up.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum FrameError {
    /// The length is above the maximum.
    #[error("frame of {size} bytes, at most {most} are allowed")]
    TooLong {
        /// The length.
        size: usize,
        /// The maximum.
        most: usize,
    },
    /// The bytes of the frame are not the message expected.
    #[error("frame of {size} bytes holds no such message: {why}")]
    Undecodable {
        /// Bytes of the frame.
        size: usize,
        /// What the protobuf decoder says.
        why: prost::DecodeError,
    },
}

/// One message as one frame.
///
/// # Errors
/// [`FrameError::TooLong`] when the message takes more than `most` bytes.
pub fn encode(message: &impl Message, most: usize) -> Result<Bytes, FrameError> {
    let mut frame = BytesMut::with_capacity(size(message, most)?);
    append(message, most, &mut frame)?;
    Ok(frame.freeze())
}

/// Bytes of the frame of a message.
///
/// # Errors
/// As [`encode`].
pub fn size(message: &impl Message, most: usize) -> Result<usize, FrameError> {
    checked(message.encoded_len(), most)
}

/// Appends one message as one frame.
///
/// # Errors
/// As [`encode`]; nothing is appended then.
pub fn append(message: &impl Message, most: usize, to: &mut BytesMut) -> Result<(), FrameError> {
    to.put_u32(length(message.encoded_len(), most)?);
    message.encode_raw(to);
    Ok(())
}

/// A message whose last field, of bytes, lies elsewhere: so that it need not be copied, or only to
/// where it goes.
#[derive(Clone, Copy, Debug)]
pub struct Tailed<'a, M> {
    /// Numbers of the fields that lead from the outermost message to the one meant.
    pub path: &'a [u32],
    /// Its other fields.
    pub what: &'a M,
    /// Number of the last field.
    pub last: u32,
    /// Bytes of that.
    pub tail: usize,
}

impl<M: Message> Tailed<'_, M> {
    /// Bytes of the message at this depth of the path.
    fn content(&self, depth: usize) -> usize {
        let inner = |key: u32, size: usize| key_len(key) + encoded_len_varint(wide(size)) + size;
        let innermost = self.what.encoded_len() + inner(self.last, self.tail);
        let path = self.path.get(depth..).unwrap_or_default();
        path.iter().rev().fold(innermost, |size, &key| inner(key, size))
    }

    /// Bytes of the frame.
    ///
    /// # Errors
    /// As [`encode`].
    pub fn size(&self, most: usize) -> Result<usize, FrameError> {
        checked(self.content(0), most)
    }

    /// Appends the frame up to the bytes of its last field, which are to follow.
    ///
    /// # Errors
    /// As [`encode`]; nothing is appended then.
    pub fn append_head(&self, most: usize, to: &mut BytesMut) -> Result<(), FrameError> {
        to.put_u32(length(self.content(0), most)?);
        for (depth, &key) in self.path.iter().enumerate() {
            encode_key(key, WireType::LengthDelimited, to);
            encode_varint(wide(self.content(depth + 1)), to);
        }
        self.what.encode_raw(to);
        encode_key(self.last, WireType::LengthDelimited, to);
        encode_varint(wide(self.tail), to);
        Ok(())
    }
}

fn wide(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// The length of content of so many bytes, if it may be that long.
fn length(size: usize, most: usize) -> Result<u32, FrameError> {
    u32::try_from(size).ok().filter(|_| size <= most).ok_or(FrameError::TooLong { size, most })
}

fn checked(size: usize, most: usize) -> Result<usize, FrameError> {
    length(size, most).map(|_| PREFIX + size)
}

/// The message in the content of one frame.
///
/// # Errors
/// [`FrameError::Undecodable`] when the bytes are not that message.
pub fn decode<M: Message + Default>(content: Bytes) -> Result<M, FrameError> {
    let size = content.len();
    M::decode(content).map_err(|why| FrameError::Undecodable { size, why })
}

/// The number of the last field in the content of a frame that is not in `known`: what a newer
/// program asked for. `None` when there is none, or the content is not protobuf.
#[must_use]
pub fn unknown_field(mut content: Bytes, known: &[u32]) -> Option<u32> {
    let mut found = None;
    while content.has_remaining() {
        let (tag, kind) = decode_key(&mut content).ok()?;
        if !known.contains(&tag) {
            found = Some(tag);
        }
        skip_field(kind, tag, &mut content, DecodeContext::default()).ok()?;
    }
    found
}

/// Cuts a stream of bytes into the contents of frames, however the bytes arrive.
///
/// Holds at most one unfinished frame beside what was pushed in one go: whoever reads no more than
/// [`Decoder::wants`] bytes before taking frames out never holds more than one.
#[derive(Debug)]
pub struct Decoder {
    buffer: BytesMut,
    most: usize,
}

impl Decoder {
    /// Takes frames of at most `most` bytes.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { buffer: BytesMut::new(), most }
    }

    /// From now on takes frames of at most `most` bytes.
    pub fn set_most(&mut self, most: usize) {
        self.most = most;
    }

    /// Takes in bytes as they came.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Memory for at least `room` bytes to be read into, as they come.
    pub fn space(&mut self, room: usize) -> &mut BytesMut {
        self.buffer.reserve(room);
        &mut self.buffer
    }

    /// How many more bytes would complete what is begun; zero when a whole frame, or a length
    /// above the maximum, waits to be taken.
    #[must_use]
    pub fn wants(&self) -> usize {
        match self.length() {
            None => PREFIX - self.buffer.len(),
            Some(size) if size > self.most => 0,
            Some(size) => (PREFIX + size).saturating_sub(self.buffer.len()),
        }
    }

    /// The content of the next whole frame, if it has come.
    ///
    /// # Errors
    /// [`FrameError::TooLong`], and again on every further call.
    pub fn take(&mut self) -> Result<Option<Bytes>, FrameError> {
        let Some(size) = self.length() else { return Ok(None) };
        if size > self.most {
            return Err(FrameError::TooLong { size, most: self.most });
        }
        if self.buffer.len() < PREFIX + size {
            return Ok(None);
        }
        self.buffer.advance(PREFIX);
        Ok(Some(self.buffer.split_to(size).freeze()))
    }

    /// No byte of an unfinished frame is held: the stream may end here.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    fn length(&self) -> Option<usize> {
        let prefix = self.buffer.first_chunk::<PREFIX>()?;
        Some(usize::try_from(u32::from_be_bytes(*prefix)).unwrap_or(usize::MAX))
    }
}

#[cfg(test)]
mod tests;
