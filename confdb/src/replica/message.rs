//! What replicas tell each other, in bytes.
//!
//! Must never trust a length: every text has a bound that is checked before anything is kept, and
//! what is not understood to its last byte is refused. Numbers are big-endian; an edition is its
//! version in 8 bytes and its digest in 32.
//!
//! | kind | content |
//! |---|---|
//! | 1 propose | number (4), the proposer's edition, the proposed edition, its size (4) |
//! | 2 offer | number (4), edition, its size (4) |
//! | 3 part | number (4), offset (4), bytes to the end |
//! | 4 accept | proposer (4), number (4), mark (8) |
//! | 5 refuse | proposer (4), number (4), reason to the end, UTF-8 |

use thiserror::Error;

use super::edition::{Digest, Edition, Holding, MOST_ACCEPTED};

/// Longest text of a configuration, bytes.
pub const LARGEST_TEXT: usize = 512 << 10;

/// Most bytes of a text in one message.
pub const PART: usize = 3 << 10;

/// Longest reason of a refusal, bytes; what is beyond is cut off.
pub const LONGEST_REASON: usize = 2 << 10;

/// What a replica says to all.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Message {
    /// All shall go by this text, which follows in parts.
    Propose {
        /// The proposer's own number for it.
        number: u32,
        /// What the proposer goes by so far.
        base: Edition,
        /// What it proposes.
        edition: Edition,
        /// Bytes of the text.
        size: u32,
    },
    /// Whoever is behind finds here what to go by; it follows in parts.
    Offer {
        /// The sender's own number for it.
        number: u32,
        /// What it is.
        edition: Edition,
        /// Bytes of the text.
        size: u32,
    },
    /// A part of a text that the sender began.
    Part {
        /// The sender's number of it.
        number: u32,
        /// Bytes before it.
        offset: u32,
        /// At most [`PART`] bytes of it.
        bytes: Vec<u8>,
    },
    /// The sender can apply what this node proposed under this number.
    Accept {
        /// Who proposed.
        proposer: u32,
        /// Its number.
        number: u32,
        /// Stands for what the sender has beside the text; see [`Replica::checked`].
        ///
        /// [`Replica::checked`]: super::Replica::checked
        mark: u64,
    },
    /// The sender cannot.
    Refuse {
        /// Who proposed.
        proposer: u32,
        /// Its number.
        number: u32,
        /// Why not, for the operator.
        reason: String,
    },
}

/// Bytes that no replica writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum MessageError {
    /// It ends before its content does.
    #[error("message of the configuration ends {missing} bytes too early")]
    Truncated {
        /// How many bytes more were expected, at least.
        missing: usize,
    },
    /// Bytes follow its content.
    #[error("{extra} bytes after a message of the configuration")]
    Trailing {
        /// How many.
        extra: usize,
    },
    /// A field has a value that no replica writes.
    #[error("{field} of a message of the configuration is {value}")]
    BadField {
        /// Which field.
        field: &'static str,
        /// Its value.
        value: u64,
    },
    /// A reason that is not UTF-8.
    #[error("a reason to refuse a configuration is not UTF-8")]
    NotText,
}

impl Message {
    /// Its bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        match self {
            Self::Propose { number, base, edition, size } => {
                bytes.push(1);
                bytes.extend(number.to_be_bytes());
                put_edition(&mut bytes, base);
                put_edition(&mut bytes, edition);
                bytes.extend(size.to_be_bytes());
            }
            Self::Offer { number, edition, size } => {
                bytes.push(2);
                bytes.extend(number.to_be_bytes());
                put_edition(&mut bytes, edition);
                bytes.extend(size.to_be_bytes());
            }
            Self::Part { number, offset, bytes: part } => {
                bytes.push(3);
                bytes.extend(number.to_be_bytes());
                bytes.extend(offset.to_be_bytes());
                bytes.extend(part);
            }
            Self::Accept { proposer, number, mark } => {
                bytes.push(4);
                bytes.extend(proposer.to_be_bytes());
                bytes.extend(number.to_be_bytes());
                bytes.extend(mark.to_be_bytes());
            }
            Self::Refuse { proposer, number, reason } => {
                bytes.push(5);
                bytes.extend(proposer.to_be_bytes());
                bytes.extend(number.to_be_bytes());
                bytes.extend(cut(reason).as_bytes());
            }
        }
        bytes
    }

    /// The message that has these bytes.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn decode(bytes: &[u8]) -> Result<Self, MessageError> {
        let mut reader = Reader(bytes);
        let message = match reader.u8()? {
            1 => Self::Propose {
                number: reader.u32()?,
                base: reader.edition()?,
                edition: reader.edition()?,
                size: reader.size()?,
            },
            2 => Self::Offer {
                number: reader.u32()?,
                edition: reader.edition()?,
                size: reader.size()?,
            },
            3 => {
                let (number, offset) = (reader.u32()?, reader.u32()?);
                let bytes = reader.rest(PART, "size of a part")?.to_vec();
                Self::Part { number, offset, bytes }
            }
            4 => {
                let (proposer, number) = (reader.u32()?, reader.u32()?);
                Self::Accept { proposer, number, mark: reader.u64()? }
            }
            5 => {
                let (proposer, number) = (reader.u32()?, reader.u32()?);
                let reason = reader.rest(LONGEST_REASON, "size of a reason")?;
                let reason = str::from_utf8(reason).map_err(|_| MessageError::NotText)?.to_owned();
                Self::Refuse { proposer, number, reason }
            }
            kind => return Err(MessageError::BadField { field: "kind", value: kind.into() }),
        };
        reader.end()?;
        Ok(message)
    }
}

impl Holding {
    /// Its bytes: 1 or 0 for established, edition, mark, how many editions were accepted, those.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![u8::from(self.established)];
        put_edition(&mut bytes, &self.edition);
        bytes.extend(self.mark.to_be_bytes());
        let accepted = &self.accepted[..self.accepted.len().min(MOST_ACCEPTED)];
        bytes.push(u8::try_from(accepted.len()).unwrap_or(0));
        accepted.iter().for_each(|accepted| put_edition(&mut bytes, accepted));
        bytes
    }

    /// The holding that begins with these bytes, and what follows it.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn decode(bytes: &[u8]) -> Result<(Self, &[u8]), MessageError> {
        let mut reader = Reader(bytes);
        let established = reader.flag("flag of the established")?;
        let edition = reader.edition()?;
        let mark = reader.u64()?;
        let count = reader.u8()?;
        if usize::from(count) > MOST_ACCEPTED {
            let field = "number of the accepted";
            return Err(MessageError::BadField { field, value: count.into() });
        }
        let accepted = (0..count).map(|_| reader.edition()).collect::<Result<_, _>>()?;
        Ok((Self { edition, established, accepted, mark }, reader.0))
    }
}

/// A reason, not longer than it may be.
fn cut(reason: &str) -> &str {
    let most = reason.len().min(LONGEST_REASON);
    let end = (0..=most).rev().find(|&end| reason.is_char_boundary(end)).unwrap_or(0);
    reason.get(..end).unwrap_or_default()
}

fn put_edition(bytes: &mut Vec<u8>, edition: &Edition) {
    bytes.extend(edition.version.to_be_bytes());
    bytes.extend(edition.digest.bytes());
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], MessageError> {
        let missing = N.saturating_sub(self.0.len());
        let (first, rest) =
            self.0.split_first_chunk::<N>().ok_or(MessageError::Truncated { missing })?;
        self.0 = rest;
        Ok(*first)
    }

    fn u8(&mut self) -> Result<u8, MessageError> {
        self.array::<1>().map(u8::from_be_bytes)
    }

    fn u64(&mut self) -> Result<u64, MessageError> {
        Ok(u64::from_be_bytes(self.array()?))
    }

    fn u32(&mut self) -> Result<u32, MessageError> {
        self.array().map(u32::from_be_bytes)
    }

    fn flag(&mut self, field: &'static str) -> Result<bool, MessageError> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            value => Err(MessageError::BadField { field, value: value.into() }),
        }
    }

    fn edition(&mut self) -> Result<Edition, MessageError> {
        let version = self.array().map(u64::from_be_bytes)?;
        Ok(Edition { version, digest: Digest::from_bytes(self.array()?) })
    }

    fn size(&mut self) -> Result<u32, MessageError> {
        let size = self.u32()?;
        let fits = usize::try_from(size).is_ok_and(|size| (1..=LARGEST_TEXT).contains(&size));
        if fits {
            return Ok(size);
        }
        Err(MessageError::BadField { field: "size", value: size.into() })
    }

    fn rest(&mut self, most: usize, field: &'static str) -> Result<&'a [u8], MessageError> {
        let rest = std::mem::take(&mut self.0);
        if rest.len() > most {
            let value = u64::try_from(rest.len()).unwrap_or(u64::MAX);
            return Err(MessageError::BadField { field, value });
        }
        Ok(rest)
    }

    const fn end(self) -> Result<(), MessageError> {
        if self.0.is_empty() {
            return Ok(());
        }
        Err(MessageError::Trailing { extra: self.0.len() })
    }
}

#[cfg(test)]
mod tests;
