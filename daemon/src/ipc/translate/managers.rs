//! What cluster managers ask and are told, in both languages.
//!
//! Must never decide anything, as its parent.

use client::proto::{self, notice, reply};
use totem::RingId;

use super::{Unreadable, ids, state};
use crate::stack::command::{Command, DeviceCommand, ManageCommand, ViewParts, VoteCommand};
use crate::stack::effect::{ClusterView, Counting, ViewPart};

pub(super) fn track(track: proto::Track) -> Result<Command, Unreadable> {
    let proto::Track { on, current, parts } = track;
    let parts = match proto::ViewParts::try_from(parts) {
        Ok(proto::ViewParts::One) => ViewParts::One,
        Ok(proto::ViewParts::Ring) => ViewParts::Ring,
        Ok(proto::ViewParts::Votes) => ViewParts::Votes,
        Err(_) => return Err(Unreadable(format!("no way to cut a view has number {parts}"))),
    };
    Ok(Command::Manage(ManageCommand::Track { on, current, parts }))
}

pub(super) fn question(question: proto::Question) -> Command {
    Command::Manage(ManageCommand::Question(question.on))
}

pub(super) fn poll(poll: proto::PollDevice) -> Command {
    let proto::PollDevice { alive, generation, representative } = poll;
    if generation == 0 {
        return Command::Vote(VoteCommand::Device(DeviceCommand::Poll(alive)));
    }
    Command::Manage(ManageCommand::Poll { alive, ring: (generation, representative) })
}

pub(super) fn view(view: &ClusterView) -> notice::What {
    let ClusterView { ring, quorate, expected, members, joined, left, nodes, part } = view;
    let part = match part {
        ViewPart::Whole => proto::ViewPart::Whole,
        ViewPart::Members => proto::ViewPart::Members,
        ViewPart::Verdict => proto::ViewPart::Verdict,
        ViewPart::Expected => proto::ViewPart::Expected,
    };
    notice::What::View(proto::View {
        generation: ring.seq.get(),
        representative: ring.representative.get(),
        quorate: *quorate,
        expected: *expected,
        members: ids(members),
        joined: ids(joined),
        left: ids(left),
        nodes: nodes
            .iter()
            .map(|&(node, is)| proto::StateChange { node: node.get(), state: state(is).into() })
            .collect(),
        part: part.into(),
    })
}

pub(super) fn counting(counting: &Counting) -> reply::What {
    let Counting { ring, rules, devices, me } = counting;
    let quorum::Rules { wait_for_all, tie_breaker, last_man_standing, allow_downscale } = rules;
    reply::What::Counting(proto::Counting {
        generation: ring.map_or(0, |ring| ring.seq.get()),
        representative: ring.map_or(0, |ring| ring.representative.get()),
        wait_for_all: *wait_for_all,
        auto_tie_breaker: tie_breaker.is_some(),
        last_man_standing: last_man_standing.is_some(),
        allow_downscale: *allow_downscale,
        devices: devices
            .iter()
            .map(|&(node, votes)| proto::NodeVotes { node: node.get(), votes })
            .collect(),
        node: me.get(),
    })
}

pub(super) fn other_ring(ring: &RingId) -> String {
    format!("the present ring is {}.{}", ring.representative, ring.seq.get())
}
