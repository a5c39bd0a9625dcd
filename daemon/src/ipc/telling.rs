//! What a program is told, as the frame it becomes.
//!
//! Must never copy what a member of a group said but to where it leaves from: there are more of
//! these than of all else.

use bytes::{BufMut, Bytes, BytesMut};
use client::frame::{self, FrameError, Tailed};
use client::proto::{self, from_daemon};

use super::translate;
use crate::stack::effect::{GroupNotice, Notice};

/// Numbers of `notice` in `FromDaemon` and of `group_message` in `Notice`.
const SAID: [u32; 2] = [2, 81];

/// Number of `payload` in `GroupMessage`.
const PAYLOAD: u32 = 5;

/// See the module's head.
#[derive(Debug)]
pub(super) enum Telling<'a> {
    /// A message of a group, its payload apart.
    Said(proto::GroupMessage, &'a Bytes),
    /// Anything.
    Other(proto::FromDaemon),
}

impl<'a> Telling<'a> {
    pub(super) fn of(notice: &'a Notice) -> Self {
        if let Notice::Group(GroupNotice::Message {
            from,
            guarantee,
            part,
            payload,
            transitional,
        }) = notice
        {
            let head = translate::said(*from, *guarantee, *part, *transitional);
            return Self::Said(head, payload);
        }
        let notice = proto::Notice { what: Some(translate::notice(notice)) };
        Self::Other(proto::FromDaemon { what: Some(from_daemon::What::Notice(notice)) })
    }

    /// Bytes of the frame, at most `most` and what stands before them.
    pub(super) fn size(&self, most: usize) -> Result<usize, FrameError> {
        match self {
            Self::Said(head, payload) => said(head, payload).size(most),
            Self::Other(message) => frame::size(message, most),
        }
    }

    /// Appends the frame; nothing is appended when it does not fit.
    pub(super) fn append(&self, most: usize, to: &mut BytesMut) -> Result<(), FrameError> {
        match self {
            Self::Said(head, payload) => {
                said(head, payload).append_head(most, to)?;
                to.put_slice(payload);
                Ok(())
            }
            Self::Other(message) => frame::append(message, most, to),
        }
    }

    /// The frame by itself.
    pub(super) fn frame(&self, most: usize) -> Result<Bytes, FrameError> {
        let mut frame = BytesMut::with_capacity(self.size(most)?);
        self.append(most, &mut frame)?;
        Ok(frame.freeze())
    }
}

const fn said<'a>(
    what: &'a proto::GroupMessage,
    payload: &Bytes,
) -> Tailed<'a, proto::GroupMessage> {
    Tailed { path: &SAID, what, last: PAYLOAD, tail: payload.len() }
}

#[cfg(test)]
mod tests;
