//! What cluster managers need beyond the rest: views of the cluster in one piece, to be asked
//! before this node leaves, and the rules by which votes are counted.
//!
//! Must never show a ring by another name than [`crate::groups`] does: managers compare.

use crate::cman::StateChange;
use crate::connection::{Connection, unexpected};
use crate::error::Error;
#[cfg(doc)]
use crate::proto::Reason;
use crate::proto::{self, reply, request};
pub use crate::proto::{ViewPart, ViewParts};

/// The cluster as it is from now on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClusterView {
    /// Sequence of the ring.
    pub generation: u64,
    /// Its member with the lowest id; with `generation` the ring's identity.
    pub representative: u32,
    /// This node may act.
    pub quorate: bool,
    /// Votes expected.
    pub expected: u32,
    /// Ids of the members of the cluster, ascending.
    pub members: Vec<u32>,
    /// Who came with this ring, ascending; empty when it is not new.
    pub joined: Vec<u32>,
    /// Who went with the one before, ascending; empty when this one is not new.
    pub left: Vec<u32>,
    /// Every node known, by ascending id.
    pub nodes: Vec<StateChange>,
    /// What it was sent for.
    pub part: ViewPart,
}

/// How votes are counted here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Counting {
    /// Sequence of the ring as last told; 0 before the first.
    pub generation: u64,
    /// Its member with the lowest id.
    pub representative: u32,
    /// A node that starts waits until it has seen all.
    pub wait_for_all: bool,
    /// Half of the votes are enough on one side of an even split.
    pub auto_tie_breaker: bool,
    /// Those who are left after a loss expect less after a while.
    pub last_man_standing: bool,
    /// The votes of those who left in good order are not expected.
    pub allow_downscale: bool,
    /// Ids of nodes whose quorum device is alive, and its votes there.
    pub devices: Vec<(u32, u32)>,
    /// Id of this node.
    pub me: u32,
}

impl Connection {
    /// Asks for a [`ClusterView`] with every change from now on, or no longer; with `current` also
    /// for one that shows how it is now.
    ///
    /// # Errors
    /// As [`Connection::request`].
    pub fn track_views(&mut self, parts: ViewParts, on: bool, current: bool) -> Result<(), Error> {
        let parts = parts.into();
        self.done("track", request::What::Track(proto::Track { on, current, parts }))
    }

    /// Asks to be told [`Change::TryShutdown`](crate::Change) before this node leaves, or no
    /// longer, and nothing else; to be answered by [`Connection::answer_shutdown`].
    ///
    /// # Errors
    /// As [`Connection::request`]; refused without permission.
    pub fn question_me(&mut self, on: bool) -> Result<(), Error> {
        self.done("question", request::What::Question(proto::Question { on }))
    }

    /// How votes are counted here.
    ///
    /// # Errors
    /// As [`Connection::request`].
    pub fn counting(&mut self) -> Result<Counting, Error> {
        let answer = self.request(request::What::Counting(proto::GetCounting {}))?;
        let reply::What::Counting(counting) = answer else { return Err(unexpected("counting")) };
        Ok(counting.into())
    }

    /// Makes this node leave the cluster and its daemon end, and asks no program; returns when the
    /// others know.
    ///
    /// # Errors
    /// As [`Connection::request`]; refused without permission.
    pub fn stop(&mut self) -> Result<(), Error> {
        self.done("stop", request::What::Stop(proto::Stop {}))
    }

    /// Has the daemon open the files of its log again.
    ///
    /// # Errors
    /// As [`Connection::request`]; refused without permission.
    pub fn reopen_logs(&mut self) -> Result<(), Error> {
        self.done("reopen logs", request::What::ReopenLogs(proto::ReopenLogs {}))
    }

    /// As [`Connection::poll_device`], by a device that speaks of this ring only.
    ///
    /// # Errors
    /// As [`Connection::poll_device`]; [`Reason::OtherRing`] when the present ring is another one.
    pub fn poll_device_on(
        &mut self,
        alive: bool,
        generation: u64,
        representative: u32,
    ) -> Result<(), Error> {
        let poll = proto::PollDevice { alive, generation, representative };
        self.done("poll device", request::What::PollDevice(poll))
    }
}

impl TryFrom<proto::View> for ClusterView {
    type Error = Error;

    fn try_from(view: proto::View) -> Result<Self, Error> {
        let proto::View {
            generation,
            representative,
            quorate,
            expected,
            members,
            joined,
            left,
            nodes,
            part,
        } = view;
        let nodes = nodes.into_iter().map(StateChange::try_from).collect::<Result<_, Error>>()?;
        let part = ViewPart::try_from(part)
            .map_err(|_| Error::Protocol(format!("no part of a view has number {part}")))?;
        Ok(Self {
            generation,
            representative,
            quorate,
            expected,
            members,
            joined,
            left,
            nodes,
            part,
        })
    }
}

impl From<proto::Counting> for Counting {
    fn from(counting: proto::Counting) -> Self {
        let proto::Counting {
            generation,
            representative,
            wait_for_all,
            auto_tie_breaker,
            last_man_standing,
            allow_downscale,
            devices,
            node: me,
        } = counting;
        let devices = devices.iter().map(|device| (device.node, device.votes)).collect();
        Self {
            generation,
            representative,
            wait_for_all,
            auto_tie_breaker,
            last_man_standing,
            allow_downscale,
            devices,
            me,
        }
    }
}
