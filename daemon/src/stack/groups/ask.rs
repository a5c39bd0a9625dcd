//! What programs ask about groups, and the stack's part in answering.
//!
//! Must never let a program speak for another: what it wants said must begin with the bytes that
//! it was given when it joined. Must never let a message overtake the join of its sender.

use bytes::Bytes;
use totem::{Guarantee, Instant};

use super::super::Stack;
use super::super::command::{GroupCommand, RequestId};
use super::super::effect::{Refusal, Reply};
use super::message::{self, OVERHEAD, PREFIX, Part};
use super::{Address, Groups, Standing};

/// Bytes of groups and members in one answer, about.
const ANSWER: usize = 256 << 10;

/// Groups and their members, and whether there are more.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct GroupList {
    /// By ascending name.
    pub groups: Vec<(Bytes, Vec<Address>)>,
    /// Others come after them.
    pub more: bool,
}

impl Stack {
    /// A program asks something about groups.
    pub(in super::super) fn on_group(
        &mut self,
        now: Instant,
        request: RequestId,
        command: GroupCommand,
    ) {
        let (session, ending) = (request.session, self.is_ending());
        let (groups, outbox) = (&mut self.groups, &mut self.outbox);
        let reply = match command {
            GroupCommand::Join { .. } | GroupCommand::Leave | GroupCommand::Multicast { .. }
                if ending =>
            {
                Reply::Refused(Refusal::Leaving)
            }
            GroupCommand::Join { group, pid, ring } => {
                groups.join(session, (group, pid, ring), outbox)
            }
            GroupCommand::Leave => groups.leave(session, outbox),
            GroupCommand::Multicast { guarantee, message } => {
                let Some(reply) = self.say(now, request, guarantee, message) else { return };
                reply
            }
            GroupCommand::Members(group) => Reply::GroupMembers(groups.registry.members(&group)),
            GroupCommand::List { after } => Reply::Groups(groups.list(&after)),
            GroupCommand::WatchRing(on) => {
                groups.watch(session, on);
                Reply::Done
            }
        };
        self.outbox.reply(request, reply);
    }

    /// Sends what a member says. No reply to the end of a message in parts: that comes with it in
    /// the order.
    fn say(
        &mut self,
        now: Instant,
        request: RequestId,
        guarantee: Guarantee,
        message: Bytes,
    ) -> Option<Reply> {
        let part = match self.groups.part(request, &message) {
            Ok(part) => part,
            Err(refusal) => return Some(Reply::Refused(refusal)),
        };
        if self.outbox.has_data() {
            return Some(Reply::Refused(Refusal::TryAgain));
        }
        match self.multicast(now, guarantee, message) {
            Ok(()) if part == Part::Last => {
                self.groups.sent(request);
                None
            }
            Ok(()) => Some(Reply::Done),
            Err(Refusal::TooLarge { size, most }) => {
                let size = size.saturating_sub(OVERHEAD);
                let most = most.saturating_sub(OVERHEAD);
                Some(Reply::Refused(Refusal::TooLarge { size, most }))
            }
            Err(refusal) => Some(Reply::Refused(refusal)),
        }
    }
}

impl Groups {
    /// Which part of a message this is, if its sender may send it.
    fn part(&self, request: RequestId, message: &Bytes) -> Result<Part, Refusal> {
        let local = self.local.get(&request.session);
        if local.is_none_or(|local| local.standing == Standing::Leaving) {
            return Err(Refusal::NotInGroup);
        }
        if !message.starts_with(&message::prefix(request.session)) {
            return Err(Refusal::NotItsOwn);
        }
        let part = message.get(PREFIX).copied().and_then(Part::from_number);
        part.ok_or(Refusal::NotItsOwn)
    }

    pub(super) fn sent(&mut self, request: RequestId) {
        if let Some(local) = self.local.get_mut(&request.session) {
            local.sent.push(request);
        }
    }

    pub(super) fn list(&self, after: &Bytes) -> GroupList {
        let mut list = GroupList::default();
        let mut size = 0;
        for (name, members) in self.registry.groups_after(after) {
            if size >= ANSWER {
                list.more = true;
                break;
            }
            size += name.len() + 16 * members.len();
            list.groups.push((name.clone(), members));
        }
        list
    }
}
