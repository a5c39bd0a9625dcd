//! A quorum device's votes among those of the members.
//!
//! Must never count a device twice: it may speak through every member, and is one. CMAN counts it
//! at each node for itself, so that members of one ring can disagree whether they are quorate; here
//! it counts for all of a ring as soon as it says so through one member.

use alloc::collections::{BTreeMap, BTreeSet};
use core::time::Duration;

use totem::{Instant, NodeId};

use super::{Gone, Lowering, Output, Quorum};
use crate::device::Registered;
use crate::error::{DeviceRefused, Refused};
use crate::message::Message;
use crate::planted::planted;
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

    /// Members are lost: what devices that judge each membership said before is void, through
    /// whomever; these have spoken again.
    pub(super) fn doubt_devices(&mut self, judged: &BTreeMap<NodeId, Votes>) {
        if planted!(self.config, OldWordCounts) {
            return;
        }
        let me = self.config.me;
        for node in self.electorate.judges().into_iter().filter(|&node| node != me) {
            let votes = judged.get(&node).copied().unwrap_or(Votes::ZERO);
            self.electorate.set_device(node, votes, true);
        }
        if judged.contains_key(&me) {
            return;
        }
        self.device.doubt();
        let votes = self.device.votes();
        if votes < self.announced.0 {
            // Counted with the members that went, in one verdict.
            self.announced = (votes, false);
            self.electorate.set_device(me, votes, false);
            self.outputs.push_back(Output::Say(Message::Device(votes)));
        }
    }

    /// Who is to speak before this node follows the loss of these members: those through whom a
    /// device speaks that judges each membership anew, if who stays is quorate with its word and
    /// not without. Nobody, if the word makes no difference.
    #[must_use]
    pub fn hangs_on(&self, now: Instant, gone: &Gone) -> BTreeSet<NodeId> {
        let judges = self.electorate.judges();
        let judges: BTreeSet<NodeId> = judges.difference(&gone.all).copied().collect();
        let waits = !planted!(self.config, NobodyWaits);
        if !self.verdict.quorate || judges.is_empty() || !waits {
            return BTreeSet::new();
        }
        let spoken = judges.iter().map(|&node| (node, self.electorate.voter(node).device));
        let quorate = |judged: BTreeMap<NodeId, Votes>| {
            let mut copy = self.clone();
            copy.on_departure(now, &Gone { judged, ..gone.clone() });
            copy.verdict.quorate
        };
        let hangs = quorate(spoken.collect()) && !quorate(BTreeMap::new());
        if hangs { judges } else { BTreeSet::new() }
    }

    /// A device that judges each membership anew counts, through whichever member.
    #[must_use]
    pub fn has_judges(&self) -> bool {
        !self.electorate.judges().is_empty()
    }

    /// A device that judges each membership anew said "alive" through this node, or counts.
    #[must_use]
    pub fn is_vouched_for(&self) -> bool {
        self.has_judges() || self.device.vouches() && self.device.is_alive()
    }

    /// How long a device that judges each membership anew may take for it.
    #[must_use]
    pub fn sync_timeout(&self) -> Duration {
        if planted!(self.config, WaitsForEver) {
            return 1_000 * self.config.sync_timeout;
        }
        self.config.sync_timeout
    }

    /// The device is to judge a membership: it may be silent until it does.
    pub const fn await_device(&mut self) {
        self.device.wait();
    }

    /// Its votes, if it counts them for those who stay: it has spoken since it was to judge them.
    #[must_use]
    pub fn device_word(&self) -> Option<Votes> {
        let spoken = !self.device.is_awaited() || planted!(self.config, SilenceVouches);
        Some(self.device.votes()).filter(|votes| spoken && *votes > Votes::ZERO)
    }

    /// It has not spoken since, and its program is there.
    #[must_use]
    pub fn is_device_awaited(&self) -> bool {
        self.device.is_awaited()
    }

    /// The members of before were lost too long ago: nothing that was said of them holds.
    pub fn give_up_devices(&mut self) {
        self.doubt_devices(&BTreeMap::new());
        self.recount(Lowering::Forbidden);
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
        let vouches = now > Votes::ZERO && self.device.vouches();
        if (now, vouches) == self.announced {
            return;
        }
        self.announced = (now, vouches);
        let losses = self.losses;
        self.outputs.push_back(Output::Say(if vouches {
            Message::Vouching { votes: now, losses }
        } else {
            Message::Device(now)
        }));
        if now < before {
            self.on_device(me, (now, vouches));
        }
    }

    /// The device of `from` has so many votes. Other votes while it stays alive are an operator's
    /// word: what is needed may follow them down.
    pub(super) fn on_device(&mut self, from: NodeId, (votes, vouches): (Votes, bool)) {
        let votes = if from == self.config.me { votes.min(self.device.votes()) } else { votes };
        let before = self.electorate.voter(from).device;
        let changed = before > Votes::ZERO && votes > Votes::ZERO;
        self.electorate.set_device(from, votes, vouches);
        self.recount(if changed { Lowering::Allowed } else { Lowering::Forbidden });
    }
}
