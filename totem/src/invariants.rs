//! What must hold after every step, each as one named check.
//!
//! Must never be switched off where it is cheap: in a fenced cluster a node that stops is a clean
//! failure, one that goes on in the wrong order is corruption.

use crate::ids::{RingId, RingSeq, Seq};
use crate::local::Local;
use crate::phase::Phase;

/// What the last check saw.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Invariants {
    installed: Option<RingId>,
    marks: Marks,
    highest: RingSeq,
}

#[derive(Clone, Copy, Debug, Default)]
struct Marks {
    released: Seq,
    delivered: Seq,
    aru: Seq,
}

impl Invariants {
    /// Checks state, and the step from the state seen before.
    ///
    /// # Panics
    /// Something does not hold: this node must not go on.
    pub(crate) fn check(&mut self, local: &Local, phase: &Phase) {
        assert!(local.highest >= self.highest, "the ring sequence went back");
        assert!(local.durable >= local.highest, "{} is not on disk", local.highest);
        self.highest = local.highest;
        match phase {
            Phase::Operational(phase) => {
                let (seat, me) = (&phase.seat, local.me());
                assert!(seat.members.contains(&me), "{me} is in a ring without itself");
                assert_eq!(seat.members.first(), Some(&seat.ring.representative));
                assert!(local.highest >= seat.ring.seq, "ring {} was never stored", seat.ring);
                seat.window.check();
                let window = &seat.window;
                let marks = Marks {
                    released: window.released(),
                    delivered: window.delivered(),
                    aru: window.aru(),
                };
                match self.installed {
                    Some(ring) if ring == seat.ring => self.marks.check_growth_to(marks),
                    Some(ring) => assert!(seat.ring.seq > ring.seq, "{} after {ring}", seat.ring),
                    None => {}
                }
                (self.installed, self.marks) = (Some(seat.ring), marks);
            }
            Phase::Gather(_) | Phase::Commit(_) | Phase::Recovery(_) | Phase::Left(_) => {
                assert!(!local.backlog.data_is_open(), "the data lane is open without a ring");
            }
        }
    }
}

impl Marks {
    fn check_growth_to(self, next: Self) {
        assert!(next.released.at_or_after(self.released), "released shrank");
        assert!(next.delivered.at_or_after(self.delivered), "delivered shrank");
        assert!(next.aru.at_or_after(self.aru), "aru shrank");
    }
}
