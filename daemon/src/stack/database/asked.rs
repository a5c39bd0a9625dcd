//! Programs that wait until all nodes go by another text, each to be told in the words of its
//! question.
//!
//! Must never leave one without an answer.

use super::reload::{NotReloaded, Reloaded};
use crate::stack::command::RequestId;
use crate::stack::effect::Reply;
use crate::stack::objects::written::Told;
use crate::stack::objects::{ObjectRefused, ObjectsFound};
use crate::stack::outbox::Outbox;

/// What is under way for a program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Asked {
    pub(crate) author: Author,
    /// What it should know of the text.
    pub(crate) warnings: Vec<String>,
}

/// Who asked, and what he wants to hear.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Author {
    pub(crate) request: RequestId,
    pub(crate) told: Told,
}

impl Author {
    /// It is done. An object that was added is named by who knows the objects.
    pub(crate) fn tell(self, reloaded: Reloaded, outbox: &mut Outbox) {
        let reply = match self.told {
            Told::Version => Reply::Reload(Ok(reloaded)),
            Told::Done | Told::Object(_) => Reply::Objects(Ok(ObjectsFound::Done)),
        };
        outbox.reply(self.request, reply);
    }

    /// It is not.
    pub(crate) fn refuse(self, why: NotReloaded, outbox: &mut Outbox) {
        let reply = match self.told {
            Told::Version => Reply::Reload(Err(why)),
            Told::Done | Told::Object(_) => Reply::Objects(Err(ObjectRefused::NotWritten(why))),
        };
        outbox.reply(self.request, reply);
    }
}
