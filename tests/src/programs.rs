//! The programs of one simulated machine that meet in process groups.
//!
//! Must never be better behaved than real ones: they join, say things in one part or several, leave
//! in the midst of that, or are gone from one instant to the next.

use bytes::{BufMut, Bytes, BytesMut};
use daemon::stack::command::{GroupCommand, RequestId, SessionId};
use daemon::stack::effect::{Address, Part, Reply};
use totem::{Guarantee, NodeId};

use crate::rng::Rng;

/// Sessions of programs have numbers from here on.
const FIRST: u64 = 1 << 40;

/// Programs that a machine has at a time.
const MOST: usize = 3;

/// What a program does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Act {
    /// A new one joins this group.
    Join(Bytes),
    /// The one that joined first sends a message, or a part of one.
    Say(Part, Guarantee),
    /// It leaves.
    Leave,
    /// It is killed.
    Kill,
}

/// A program in a group, or on its way in or out.
#[derive(Clone, Debug)]
pub struct Program {
    /// Its session.
    pub session: SessionId,
    /// Its node and process.
    pub address: Address,
    /// What its messages begin with, once it is known.
    prefix: Bytes,
    /// So many messages and parts it tried to send.
    pub said: u32,
    /// A message in parts is under way.
    begun: bool,
    leaving: bool,
}

/// The programs of one machine.
#[derive(Clone, Debug, Default)]
pub struct Programs {
    /// So many there were.
    count: u32,
    /// Those that are there.
    pub there: Vec<Program>,
}

/// What a program says: its number, and enough to notice a change.
#[must_use]
pub fn payload(number: u32, size: usize) -> Bytes {
    let mut payload = BytesMut::with_capacity(4 + size);
    payload.put_u32(number);
    payload.put_bytes(fill(number), size);
    payload.freeze()
}

/// The number of what a program said; `None` when it was changed.
#[must_use]
pub fn number(payload: &[u8]) -> Option<u32> {
    let (number, rest) = payload.split_first_chunk()?;
    let number = u32::from_be_bytes(*number);
    rest.iter().all(|byte| *byte == fill(number)).then_some(number)
}

fn fill(number: u32) -> u8 {
    number.to_be_bytes()[3]
}

impl Programs {
    /// The daemon ends, and they with it. Their sessions and processes do not come again.
    pub fn end(&mut self) {
        self.there.clear();
    }

    /// Something for one of them to do.
    pub fn draw(&self, rng: &mut Rng) -> Act {
        let groups: [&'static [u8]; 2] = [b"cib", b"locks"];
        let begun = self.there.first().is_some_and(|program| program.begun);
        let guarantee = if rng.once_in(4) { Guarantee::Safe } else { Guarantee::Agreed };
        let full = self.there.len() >= MOST;
        match rng.size(0, 19) {
            0 | 1 if !full => Act::Join(Bytes::from_static(rng.pick(&groups))),
            2 => Act::Leave,
            3 => Act::Kill,
            4 | 5 if begun => Act::Say(rng.pick(&[Part::Middle, Part::Last]), guarantee),
            4 => Act::Say(Part::First, guarantee),
            _ if self.there.is_empty() => Act::Join(Bytes::from_static(rng.pick(&groups))),
            _ => Act::Say(Part::Whole, guarantee),
        }
    }

    /// A new program that is about to join.
    pub fn arrive(&mut self, node: NodeId) -> Program {
        self.count += 1;
        let session = SessionId(FIRST + u64::from(self.count));
        let address = Address { node, pid: 1000 + self.count };
        let (prefix, said) = (Bytes::new(), 0);
        let program = Program { session, address, prefix, said, begun: false, leaving: false };
        self.there.push(program.clone());
        program
    }

    /// The one whose turn it is; another has the next.
    pub fn turn(&mut self) -> Option<&mut Program> {
        let step = usize::from(!self.there.is_empty());
        self.there.rotate_left(step);
        self.there.iter_mut().find(|program| !program.leaving)
    }

    /// This program is gone.
    pub fn remove(&mut self, session: SessionId) {
        self.there.retain(|program| program.session != session);
    }

    /// A request of a program was answered: what it learns by that.
    pub fn answered(&mut self, to: RequestId, reply: &Reply) {
        let program = self.there.iter_mut().find(|program| program.session == to.session);
        if let (Some(program), Reply::JoinedGroup(prefix)) = (program, reply) {
            program.prefix = prefix.clone();
        }
    }
}

impl Program {
    /// This session is that of a program.
    #[must_use]
    pub const fn has(session: SessionId) -> bool {
        session.0 >= FIRST && session.0 < FIRST << 1
    }

    /// It wants to leave.
    pub fn leave(&mut self) -> GroupCommand {
        self.leaving = true;
        GroupCommand::Leave
    }

    /// It sends its next message, or a part of one.
    pub fn say(&mut self, part: Part, guarantee: Guarantee, size: usize) -> (u32, GroupCommand) {
        let (number, part_number) = (
            self.said,
            match part {
                Part::Middle => 0,
                Part::First => 1,
                Part::Last => 2,
                Part::Whole => 3,
            },
        );
        self.said += 1;
        self.begun = match part {
            Part::First | Part::Middle => true,
            Part::Last => false,
            Part::Whole => self.begun,
        };
        let mut message = BytesMut::from(&self.prefix[..]);
        message.put_u8(part_number);
        message.extend_from_slice(&payload(number, size));
        (number, GroupCommand::Multicast { guarantee, message: message.freeze() })
    }
}
