//! What cluster managers ask and are told, in both languages.
//!
//! Must never decide anything, as its parent.

use client::proto::{self, notice, reply};
use totem::RingId;

use super::{ids, state};
use crate::stack::command::{Command, DeviceCommand, ManageCommand, VoteCommand};
use crate::stack::effect::{ClusterView, Counting};

pub(super) fn track(track: proto::Track) -> Command {
    let proto::Track { on, current } = track;
    Command::Manage(ManageCommand::Track { on, current })
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
    let ClusterView { ring, quorate, expected, members, joined, left, nodes } = view;
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
