//! Packets made of genuine ones with a few fields changed: the only ones that get past the first
//! comparison of a ring.
//!
//! Must never send what the decoder refuses: that is another target's business.

use totem::wire::{Beacon, Body, CommitToken, Filled, Frame, Join, Packet, Range, Signal, Token};
use totem::{NodeId, NodeSet, RingId, RingSeq, Seq};

use super::choices::Choices;

/// Nodes that packets may name: those that there are, and two strangers.
const IDS: [u32; 5] = [1, 2, 3, 7, u32::MAX];

/// One of the ids.
pub(super) fn node(choices: &mut Choices<'_>) -> NodeId {
    NodeId::new(choices.one(&IDS)).expect("none of them is zero")
}

fn nodes(choices: &mut Choices<'_>) -> NodeSet {
    let chosen = choices.byte();
    let mut nodes: NodeSet = (0..IDS.len())
        .filter(|bit| chosen & (1 << bit) != 0)
        .filter_map(|bit| NodeId::new(*IDS.get(bit)?))
        .collect();
    if chosen == u8::MAX {
        nodes = (1..=128).filter_map(NodeId::new).collect();
    }
    nodes
}

fn seq(choices: &mut Choices<'_>, near: Seq) -> Seq {
    Seq::new(choices.near(near.get()))
}

fn ring(choices: &mut Choices<'_>, near: RingId) -> RingId {
    let seq = RingSeq::new(choices.near_long(near.seq.get()).min(RingSeq::MOST.get()));
    let representative = if choices.flag() { node(choices) } else { near.representative };
    RingId { seq, representative }
}

fn maybe_node(choices: &mut Choices<'_>) -> Option<NodeId> {
    choices.flag().then(|| node(choices))
}

fn ranges(choices: &mut Choices<'_>, near: Seq) -> Vec<Range> {
    let count = choices.byte() % 5;
    let mut ranges = Vec::new();
    for _ in 0..count {
        let range = Range { first: seq(choices, near), last: seq(choices, near) };
        ranges.push(range);
    }
    ranges
}

/// The packet with some of its fields changed; it may turn out one that is refused.
pub(super) fn forge(choices: &mut Choices<'_>, packet: &Packet) -> Packet {
    let mut packet = packet.clone();
    for _ in 0..=choices.byte() % 4 {
        match &mut packet {
            Packet::Token(token) => forge_token(choices, token),
            Packet::Frame(frame) => forge_frame(choices, frame),
            Packet::Join(join) => forge_join(choices, join),
            Packet::Commit(token) => forge_commit(choices, token),
            Packet::Beacon(beacon) => forge_beacon(choices, beacon),
            Packet::Signal(signal) => forge_signal(choices, signal),
        }
    }
    packet
}

fn forge_token(choices: &mut Choices<'_>, token: &mut Token) {
    match choices.byte() % 12 {
        0..=2 => token.hop = choices.near_long(token.hop),
        3 | 4 => token.seq = seq(choices, token.seq),
        5 | 6 => token.aru = seq(choices, token.aru),
        7 => token.aru_setter = maybe_node(choices),
        8 => (token.sent, token.backlog) = (choices.word(), choices.word()),
        9 => token.owing = maybe_node(choices),
        10 => token.holes = ranges(choices, token.aru),
        _ => token.ring = ring(choices, token.ring),
    }
}

fn forge_frame(choices: &mut Choices<'_>, frame: &mut Frame) {
    match choices.byte() % 8 {
        0..=2 => frame.seq = seq(choices, frame.seq),
        3 => frame.turn = choices.near_long(frame.turn),
        4 => frame.from = node(choices),
        5 => frame.safe = choices.flag(),
        6 => frame.body = body(choices, frame),
        _ => frame.ring = ring(choices, frame.ring),
    }
}

/// Rubbish, the beginning of a message, or an old frame.
fn body(choices: &mut Choices<'_>, frame: &Frame) -> Body {
    let length = usize::from(choices.byte() % 64);
    let rubbish = Body::Data(choices.bytes(length).to_vec().into());
    match choices.byte() % 4 {
        0 => rubbish,
        1 => Body::Data(vec![1, 0, 1, 0, 16, 0, 0, 65].into()),
        2 => Body::Recovered(choices.bytes(length).to_vec().into()),
        _ => {
            let old = ring(choices, frame.ring);
            let old = Frame { ring: old, seq: seq(choices, frame.seq), ..frame.clone() };
            Body::Recovered(Frame { body: rubbish, ..old }.encode())
        }
    }
}

fn forge_join(choices: &mut Choices<'_>, join: &mut Join) {
    join.serial = join.serial.saturating_add(1);
    match choices.byte() % 9 {
        0 => join.boot = choices.near_long(join.boot),
        1 => join.serial = choices.near_long(join.serial),
        2 => {
            let highest = choices.near_long(join.highest.get());
            join.highest = RingSeq::new(highest.min(RingSeq::MOST.get()));
        }
        3 => join.weight = choices.word(),
        4 => join.leaving = choices.flag(),
        5 => join.candidates = nodes(choices),
        6 => join.failed = nodes(choices),
        7 => join.heard = nodes(choices),
        _ => {
            let (proof, node) = (join.departures.values().next().copied(), node(choices));
            join.departures.extend(proof.map(|proof| (node, proof)));
        }
    }
}

fn forge_commit(choices: &mut Choices<'_>, token: &mut CommitToken) {
    match choices.byte() % 6 {
        0 | 1 => token.hop = choices.near(token.hop),
        2 => token.first = seq(choices, token.first),
        3 => {
            let index = usize::from(choices.byte()) % token.entries.len().max(1);
            let Some(entry) = token.entries.get_mut(index) else { return };
            let old = choices.flag().then_some(token.ring);
            let filled = entry.filled.take().unwrap_or(Filled {
                boot: 1,
                old,
                aru: token.first,
                high: token.first,
                delivered: token.first,
                have: Vec::new(),
                obliged: 0,
            });
            entry.filled =
                (!choices.byte().is_multiple_of(4)).then(|| forge_filled(choices, filled));
        }
        4 => {
            let keep = usize::from(choices.byte()) % (token.entries.len() + 1);
            token.entries.truncate(keep);
        }
        _ => token.ring = ring(choices, token.ring),
    }
}

fn forge_filled(choices: &mut Choices<'_>, filled: Filled) -> Filled {
    match choices.byte() % 7 {
        0 => Filled { boot: choices.long(), ..filled },
        1 => Filled { aru: seq(choices, filled.aru), ..filled },
        2 => Filled { high: seq(choices, filled.high), ..filled },
        3 => Filled { delivered: seq(choices, filled.delivered), ..filled },
        4 => Filled { have: ranges(choices, filled.aru), ..filled },
        5 => Filled { obliged: u128::from(choices.long()), ..filled },
        _ => Filled { old: filled.old.map(|old| ring(choices, old)), ..filled },
    }
}

fn forge_beacon(choices: &mut Choices<'_>, beacon: &mut Beacon) {
    match choices.byte() % 5 {
        0 => beacon.boot = choices.near_long(beacon.boot),
        1 => beacon.weight = choices.word(),
        2 => beacon.ring = ring(choices, beacon.ring),
        3 => beacon.members = nodes(choices),
        _ => beacon.heard = nodes(choices),
    }
}

fn forge_signal(choices: &mut Choices<'_>, signal: &mut Signal) {
    *signal = match *signal {
        Signal::HoldCancel(of) => Signal::HoldCancel(ring(choices, of)),
        Signal::Probe(_) => Signal::Probe(choices.long()),
        Signal::Answer(_) => Signal::Answer(choices.long()),
        Signal::CommitReceived(of, hop) => {
            Signal::CommitReceived(ring(choices, of), choices.near(hop))
        }
    };
}
