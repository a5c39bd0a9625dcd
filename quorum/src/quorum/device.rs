//! A quorum device's votes among those of the members.
//!
//! Must never count a device twice: it may speak through every member, and is one. CMAN counts it
//! at each node for itself, so that members of one ring can disagree whether they are quorate; here
//! it counts for all of a ring as soon as it says so through one member.

use totem::{Instant, NodeId};

use super::{Lowering, Output, Quorum};
use crate::device::Registered;
use crate::error::{DeviceRefused, Refused};
use crate::message::Message;
use crate::votes::Votes;

impl Quorum {
    /// The registered quorum device.
    #[must_use]
    pub const fn device(&self) -> Option<&Registered> {
        self.device.registered()
    }

    /// Registers a quorum device of this node; it is not alive before it is polled. Registering it
    /// again changes its votes.
    ///
    /// # Errors
    /// Another one is registered, the name cannot be used, this node is no member, or the rules of
    /// the file exclude a device.
    pub fn register_device(&mut self, name: &str, votes: Votes) -> Result<(), DeviceRefused> {
        if !self.electorate.voter(self.config.me).present {
            return Err(DeviceRefused::NotMember);
        }
        if self.config.rules.tie_breaker.is_some() || self.config.rules.lowers() {
            return Err(DeviceRefused::Rules);
        }
        self.device.register(name, votes)?;
        self.announce();
        Ok(())
    }

    /// The device says that it is alive, for another timeout; or that it is not.
    ///
    /// # Errors
    /// None is registered.
    pub fn poll_device(&mut self, now: Instant, alive: bool) -> Result<(), DeviceRefused> {
        self.device.poll(now, alive, self.config.device_timeout)?;
        self.device.bind(false);
        self.announce();
        Ok(())
    }

    /// The same from a device that judges each membership anew, as `corosync-qdevice` does: when a
    /// member is lost its votes do not count before it has spoken again. Both sides of a partition
    /// had its word before.
    ///
    /// # Errors
    /// None is registered.
    pub fn vouch_device(&mut self, now: Instant, alive: bool) -> Result<(), DeviceRefused> {
        self.device.poll(now, alive, self.config.device_timeout)?;
        self.device.bind(true);
        self.announce();
        Ok(())
    }

    /// Members are lost.
    pub(super) fn doubt_device(&mut self) {
        self.device.doubt();
        let (me, votes) = (self.config.me, self.device.votes());
        if votes < self.announced {
            // Counted with the members that went, in one verdict.
            self.announced = votes;
            self.electorate.set_device(me, votes);
            self.outputs.push_back(Output::Say(Message::Device(votes)));
        }
    }

    /// The device has another name and other votes from now on.
    ///
    /// # Errors
    /// None is registered, or the name cannot be used.
    pub fn update_device(&mut self, name: &str, votes: Votes) -> Result<(), DeviceRefused> {
        self.device.update(name, votes)?;
        self.announce();
        Ok(())
    }

    /// Asks all members through which the device speaks to have it count for so many votes, until
    /// its program registers anew or says otherwise.
    ///
    /// # Errors
    /// The number would let two sides act, or block this one.
    pub fn set_device_votes(&mut self, votes: Votes) -> Result<(), Refused> {
        self.check_member()?;
        let mut trial = self.electorate.clone();
        trial.change_device(votes);
        self.accept(&trial)?;
        self.outputs.push_back(Output::Say(Message::DeviceVotes(votes)));
        Ok(())
    }

    /// An operator's word about the device's votes: they are in force through all members at this
    /// place of the order. Who had said something else by then says it again.
    pub(super) fn on_device_votes(&mut self, votes: Votes) -> Result<(), Refused> {
        let mut trial = self.electorate.clone();
        trial.change_device(votes);
        self.accept(&trial)?;
        self.electorate = trial;
        self.device.set_votes(votes);
        self.recount(Lowering::Allowed);
        self.announce();
        Ok(())
    }

    /// Forgets the device.
    ///
    /// # Errors
    /// It is alive, or none is registered.
    pub fn unregister_device(&mut self) -> Result<(), DeviceRefused> {
        self.device.unregister()
    }

    /// Who polled the device is gone, or silent: its votes do not count from now on.
    pub fn lose_device(&mut self) {
        if self.device.lose() {
            self.outputs.push_back(Output::DeviceLost);
            self.announce();
        }
    }

    /// Tells the members what the device's votes are now. Fewer than before count here at once: a
    /// verdict must not wait for the ring to be told that it no longer holds.
    fn announce(&mut self) {
        let me = self.config.me;
        let (before, now) = (self.electorate.voter(me).device, self.device.votes());
        if now == self.announced {
            return;
        }
        self.announced = now;
        self.outputs.push_back(Output::Say(Message::Device(now)));
        if now < before {
            self.on_device(me, now);
        }
    }

    /// The device of `from` has so many votes. Other votes while it stays alive are an operator's
    /// word: what is needed may follow them down.
    pub(super) fn on_device(&mut self, from: NodeId, votes: Votes) {
        let votes = if from == self.config.me { votes.min(self.device.votes()) } else { votes };
        let before = self.electorate.voter(from).device;
        let changed = before > Votes::ZERO && votes > Votes::ZERO;
        self.electorate.set_device(from, votes);
        self.recount(if changed { Lowering::Allowed } else { Lowering::Forbidden });
    }
}
