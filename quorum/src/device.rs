//! A quorum device as one node knows it: a program that vouches for something outside the cluster,
//! a disk or a host, and adds votes while it does.
//!
//! Must never count a silent device: whoever does not say in time that it is alive has lost it.
//!
//! What a device must guarantee, and no vote counter can: of nodes that cannot hear each other it
//! says "alive" on one side only. For as long as the timeout a node may still count what it heard
//! before, so a device may change sides only after that. If it keeps this, its votes are those of
//! one more node that is on one side; if it does not, two sides can be quorate.

use alloc::string::String;
use core::time::Duration;

use totem::Instant;

use crate::error::DeviceRefused;
use crate::votes::Votes;

/// Most bytes of a device's name.
pub const LONGEST_DEVICE_NAME: usize = 255;

/// The device that is registered, if one is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Device {
    registered: Option<Registered>,
}

/// A registered device, for those who want to look.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Registered {
    /// Its name.
    pub name: String,
    /// Votes that it has while it is alive.
    pub votes: Votes,
    /// When it was last polled as alive after it was not; `None` while it is not.
    pub alive_since: Option<Instant>,
    /// When it is lost unless it is polled again.
    until: Option<Instant>,
    /// What it said holds for the members of then alone.
    bound: bool,
    /// It is to judge those who stay, and has not spoken since.
    awaited: bool,
}

impl Device {
    pub(crate) const fn registered(&self) -> Option<&Registered> {
        self.registered.as_ref()
    }

    /// Registers a device, or changes the votes of the one of that name.
    pub(crate) fn register(&mut self, name: &str, votes: Votes) -> Result<(), DeviceRefused> {
        check_name(name)?;
        match &mut self.registered {
            Some(registered) if registered.name == name => registered.votes = votes,
            Some(_) => return Err(DeviceRefused::Other),
            None => {
                let name = String::from(name);
                self.registered = Some(Registered {
                    name,
                    votes,
                    alive_since: None,
                    until: None,
                    bound: false,
                    awaited: false,
                });
            }
        }
        Ok(())
    }

    /// Renames the device and changes its votes.
    pub(crate) fn update(&mut self, name: &str, votes: Votes) -> Result<(), DeviceRefused> {
        check_name(name)?;
        let registered = self.registered.as_mut().ok_or(DeviceRefused::None)?;
        registered.name = String::from(name);
        registered.votes = votes;
        Ok(())
    }

    /// It has other votes, if one is registered.
    pub(crate) const fn set_votes(&mut self, votes: Votes) {
        if let Some(registered) = &mut self.registered {
            registered.votes = votes;
        }
    }

    /// What it said last is void when a member is lost.
    pub(crate) const fn bind(&mut self, bound: bool) {
        if let Some(registered) = &mut self.registered {
            registered.bound = bound;
        }
    }

    /// A member is lost: what was said before may not hold.
    pub(crate) fn doubt(&mut self) {
        if let Some(registered) = self.registered.as_mut().filter(|device| device.bound) {
            (registered.alive_since, registered.until) = (None, None);
            registered.awaited = false;
        }
    }

    /// It is to judge anew: its silence is no sign until it has.
    pub(crate) const fn wait(&mut self) {
        if let Some(registered) = &mut self.registered {
            registered.until = None;
            registered.awaited = true;
        }
    }

    /// It is alive, and has not judged anew.
    pub(crate) fn is_awaited(&self) -> bool {
        self.registered.as_ref().is_some_and(|it| it.awaited && it.alive_since.is_some())
    }

    /// What it said holds for the members of then alone.
    pub(crate) fn vouches(&self) -> bool {
        self.registered.as_ref().is_some_and(|it| it.bound)
    }

    /// It says that it is alive, until `now + timeout`; or that it is not.
    pub(crate) fn poll(
        &mut self,
        now: Instant,
        alive: bool,
        timeout: Duration,
    ) -> Result<(), DeviceRefused> {
        let registered = self.registered.as_mut().ok_or(DeviceRefused::None)?;
        registered.awaited = false;
        if alive {
            registered.alive_since.get_or_insert(now);
            registered.until = Some(now + timeout);
        } else {
            registered.alive_since = None;
            registered.until = None;
        }
        Ok(())
    }

    pub(crate) fn unregister(&mut self) -> Result<(), DeviceRefused> {
        if self.registered.is_none() {
            return Err(DeviceRefused::None);
        }
        if self.is_alive() {
            return Err(DeviceRefused::InUse);
        }
        self.registered = None;
        Ok(())
    }

    /// Contact is lost; `true` when there was some.
    pub(crate) fn lose(&mut self) -> bool {
        let Some(registered) = &mut self.registered else { return false };
        registered.until = None;
        registered.alive_since.take().is_some()
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.registered.as_ref().is_some_and(|it| it.alive_since.is_some())
    }

    /// It was not heard for too long.
    pub(crate) fn is_silent(&self, now: Instant) -> bool {
        self.deadline().is_some_and(|at| at <= now)
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.registered.as_ref()?.until
    }

    /// The votes it adds now.
    pub(crate) fn votes(&self) -> Votes {
        let alive = self.registered.as_ref().filter(|_| self.is_alive());
        alive.map_or(Votes::ZERO, |registered| registered.votes)
    }
}

const fn check_name(name: &str) -> Result<(), DeviceRefused> {
    let (size, most) = (name.len(), LONGEST_DEVICE_NAME);
    if size == 0 || size > most { Err(DeviceRefused::Name { size, most }) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
