//! All that the world can do to a ring, on one screen.
//!
//! Must never grow a variant that the application causes: what the application wants enters
//! through methods of [`crate::Ring`], which can refuse.

use bytes::Bytes;

use crate::ids::{NodeId, RingSeq};

/// One occurrence.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Input {
    /// A packet, opened and authenticated (see [`crate::seal`]).
    Packet {
        /// Who sealed it.
        from: NodeId,
        /// The plain packet.
        bytes: Bytes,
    },
    /// The kernel says that nobody listens at this node's port. A hint, not a proof: anyone can
    /// forge it, so it only triggers a probe.
    Unreachable(NodeId),
    /// The deadline given by [`crate::Output::Wait`] has passed. Early or late is harmless.
    Timeout,
    /// This ring sequence is on stable storage.
    Stored(RingSeq),
}
