//! Administrators who change the configuration while everything else goes wrong.
//!
//! Must never change it in a world in which both of two halves may act: there two administrators
//! who do not know of each other can make two texts of one number, and no rule can mend that.

use core::time::Duration;

use super::{Drawer, ms};
use crate::faults::{Fault, Moment, Trigger};
use crate::rng::Rng;

impl Drawer<'_> {
    /// Changes in some worlds; most have something go wrong in their midst.
    pub(super) fn reloads(&mut self) {
        self.rng = Rng::new(self.plan.seed ^ 0x7665_7273_696f_6e73);
        if self.plan.two_node || !self.rng.once_in(3) {
            return;
        }
        let heal = self.plan.heal;
        for _ in 0..self.rng.size(1, 4) {
            let at = self.rng.duration(ms(300), heal - ms(200));
            self.change(at);
            match self.rng.size(0, 7) {
                0 => {
                    let again = at + self.rng.duration(Duration::ZERO, ms(20));
                    self.change(again);
                }
                1 | 2 => self.power_loss(at),
                3 => self.loss_of_one(at),
                4 => {
                    let apart = at + self.rng.duration(Duration::ZERO, ms(60));
                    let group = self.side();
                    self.push(apart, Fault::Split(group));
                    let together = apart + self.rng.duration(ms(100), ms(1_500));
                    self.push(together, Fault::Join);
                }
                _ => {}
            }
        }
    }

    fn change(&mut self, at: Duration) {
        let (node, other) = (self.node(), self.node());
        let newer = if self.rng.once_in(4) { 0 } else { 1 };
        let refuser = self.rng.once_in(5).then_some(other);
        self.push(at, Fault::Reload { node, newer, refuser });
    }

    /// All machines at once.
    fn power_loss(&mut self, at: Duration) {
        let gone = at + self.rng.duration(Duration::ZERO, ms(60));
        for node in 0..self.plan.machines.len() {
            let written = self.rng.once_in(2);
            self.push(gone, Fault::Crash { node, written });
            let back = gone + self.rng.duration(ms(1), ms(400));
            self.push(back, Fault::Start { node });
        }
    }

    /// One machine, at a moment of the change.
    fn loss_of_one(&mut self, at: Duration) {
        let moments = [Moment::Staging, Moment::Accepting, Moment::Switching];
        let (node, moment) = (self.node(), self.rng.pick(&moments));
        let fault = Fault::Crash { node, written: self.rng.once_in(2) };
        self.push(at, Fault::When(Box::new(Trigger { node, moment, fault })));
        let back = at + self.rng.duration(ms(20), ms(1_500));
        self.push(back, Fault::Start { node });
    }
}
