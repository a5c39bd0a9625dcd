use alloc::collections::VecDeque;
use std::vec;

use proptest::prelude::*;

use super::*;
use crate::backlog::Backlog;
use crate::config::Limits;
use crate::output::Lane;
use crate::packing::fill;
use crate::wire::{Blank, FRAME_HEADER};

const START: u8 = 1;
const END: u8 = 2;
const SAFE: u8 = 4;

fn node(id: u32) -> NodeId {
    NodeId::new(id).expect("not zero")
}

/// What a frame carries.
fn payload(blank: &Blank) -> Bytes {
    blank.packet.clone().freeze().slice(FRAME_HEADER..)
}

/// A chunk as bytes; `total` only where the layout has one.
fn chunk(flags: u8, total: Option<u32>, bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).expect("short");
    let mut chunk = vec![flags];
    chunk.extend(length.to_be_bytes());
    chunk.extend(total.into_iter().flat_map(u32::to_be_bytes));
    chunk.extend(bytes);
    chunk
}

/// Feeds one chunk of node 1 and gives the messages delivered.
fn feed(assembly: &mut Assembly, chunk: &[u8]) -> Result<Vec<Bytes>, PacketError> {
    let mut delivered = Vec::new();
    let payload = Bytes::copy_from_slice(chunk);
    assembly.frame(node(1), payload, &mut |_, message| delivered.push(message))?;
    Ok(delivered)
}

#[test]
fn fragments_of_several_senders_are_kept_apart() {
    let mut assembly = Assembly::new(100);
    let mut delivered = Vec::new();
    let mut frame = |from, chunk: Vec<u8>| {
        let deliver = &mut |guarantee, message: Bytes| delivered.push((guarantee, message));
        assembly.frame(node(from), chunk.into(), deliver).expect("good");
    };
    frame(1, chunk(START, Some(4), b"ab"));
    frame(2, chunk(START | SAFE, Some(4), b"wx"));
    frame(3, chunk(START | END, None, b"whole"));
    frame(2, chunk(END | SAFE, None, b"yz"));
    frame(1, chunk(0, None, b"c"));
    frame(1, chunk(END, None, b"d"));
    let expected = [
        (Guarantee::Agreed, Bytes::from("whole")),
        (Guarantee::Safe, Bytes::from("wxyz")),
        (Guarantee::Agreed, Bytes::from("abcd")),
    ];
    assert_eq!(delivered, expected);
}

#[test]
fn a_whole_message_is_a_view_of_its_frame() {
    let payload = Bytes::from(chunk(START | END, None, b"whole"));
    let mut pointer = None;
    Assembly::new(100)
        .frame(node(1), payload.clone(), &mut |_, message| pointer = Some(message.as_ptr()))
        .expect("good");
    assert_eq!(pointer, Some(payload[3..].as_ptr()));
}

#[test]
fn contradictions_drop_the_message_and_nothing_else() {
    let truncated = |missing| PacketError::Truncated { kind: "message", missing };
    let trailing = |extra| PacketError::Trailing { kind: "message", extra };
    let guarantee = PacketError::BadField { kind: "continuation", field: "guarantee", value: 1 };
    let cases = [
        (chunk(START | END, None, b"new"), truncated(3)),
        (chunk(START, Some(9), b"new"), truncated(3)),
        (chunk(END, None, b"c"), truncated(2)),
        (chunk(END, None, b"cdefg"), trailing(2)),
        (chunk(0, None, b"cdef"), trailing(1)),
        (chunk(END | SAFE, None, b"cde"), guarantee),
    ];
    for (bad, error) in cases {
        let mut assembly = Assembly::new(100);
        assert_eq!(feed(&mut assembly, &chunk(START, Some(5), b"ab")), Ok(Vec::new()));
        assert_eq!(feed(&mut assembly, &bad), Err(error));
        assert_eq!(feed(&mut assembly, &chunk(END, None, b"cde")), Err(trailing(3)));
        let whole = chunk(START | END, None, b"next");
        assert_eq!(feed(&mut assembly, &whole), Ok(vec![Bytes::from("next")]));
    }
}

#[test]
fn an_undecodable_chunk_drops_the_incomplete_message_too() {
    let mut assembly = Assembly::new(100);
    feed(&mut assembly, &chunk(START, Some(5), b"ab")).expect("good");
    assert!(feed(&mut assembly, &[0xff, 0, 0]).is_err());
    assert!(assembly.partial.is_empty());
}

#[test]
fn what_stands_before_an_error_is_delivered() {
    let mut frame = chunk(START | END, None, b"good");
    frame.extend(chunk(END, None, b"bad"));
    let mut delivered = Vec::new();
    let refused = Assembly::new(100)
        .frame(node(1), frame.into(), &mut |_, message: Bytes| delivered.push(message));
    assert!(refused.is_err());
    assert_eq!(delivered, [Bytes::from("good")]);
}

#[test]
fn lengths_above_the_limit_are_refused_before_memory_is_reserved() {
    let mut assembly = Assembly::new(8);
    let error = |value| PacketError::BadField { kind: "message", field: "length", value };
    assert_eq!(feed(&mut assembly, &chunk(START, Some(9), b"a")), Err(error(9)));
    let most = chunk(START, Some(u32::MAX), b"a");
    assert_eq!(feed(&mut assembly, &most), Err(error(u32::MAX.into())));
    assert_eq!(feed(&mut assembly, &chunk(START | END, None, &[0; 9])), Err(error(9)));
    assert!(assembly.partial.is_empty());
}

#[test]
fn memory_grows_with_what_came_and_ends_at_the_message() {
    let total = 1 << 20;
    let mut assembly = Assembly::new(total);
    let announced = u32::try_from(total).expect("small");
    feed(&mut assembly, &chunk(START, Some(announced), &[0])).expect("good");
    let reserved = |assembly: &Assembly| assembly.partial[0].1.bytes.capacity();
    assert_eq!(reserved(&assembly), FIRST_RESERVE);
    for received in (1 + 1000..total).step_by(1000) {
        feed(&mut assembly, &chunk(0, None, &[0; 1000])).expect("good");
        let most = (2 * received).clamp(FIRST_RESERVE, total);
        assert!(reserved(&assembly) <= most, "{received} received");
    }
}

#[test]
fn an_installed_ring_forgets_incomplete_messages() {
    let mut assembly = Assembly::new(100);
    feed(&mut assembly, &chunk(START, Some(4), b"ab")).expect("good");
    assembly.clear();
    let again = [chunk(START, Some(4), b"ab"), chunk(END, None, b"cd")].concat();
    assert_eq!(feed(&mut assembly, &again), Ok(vec![Bytes::from("abcd")]));
}

proptest! {
    #[test]
    fn arbitrary_frames_never_panic(
        frames in prop::collection::vec(prop::collection::vec(0_u8..8, 0..60), 0..20),
    ) {
        let mut assembly = Assembly::new(40);
        for frame in frames {
            let mut largest = 0;
            let deliver = &mut |_, message: Bytes| largest = largest.max(message.len());
            assembly.frame(node(1), frame.into(), deliver).ok();
            prop_assert!(largest <= 40);
        }
    }
}

/// What happens to one sender and one receiver.
#[derive(Clone, Debug)]
enum Step {
    Push(Lane, Guarantee, usize),
    /// The sender fills frames of this room.
    Turn {
        frames: usize,
        room: usize,
    },
    /// The receiver catches up with some of the frames.
    Receive(usize),
    /// The ring ends. Everything that completes a message is recovered; of the frames after that,
    /// which hold the beginning of a message only, this many are not lost.
    NewRing {
        survive: usize,
    },
    OpenData,
}

fn any_step() -> impl Strategy<Value = Step> {
    let lane = prop_oneof![Just(Lane::Sync), Just(Lane::Data)];
    let guarantee = prop_oneof![Just(Guarantee::Agreed), Just(Guarantee::Safe)];
    let size = prop_oneof![4 => 0_usize..200, 4 => 0_usize..5000, 1 => 0_usize..=200 << 10];
    let room = prop_oneof![4 => 300_usize..1500, 1 => 1500_usize..70_000, 1 => 8_usize..300];
    prop_oneof![
        6 => (lane, guarantee, size)
            .prop_map(|(lane, guarantee, size)| Step::Push(lane, guarantee, size)),
        6 => (1_usize..20, room).prop_map(|(frames, room)| Step::Turn { frames, room }),
        3 => (0_usize..20).prop_map(Step::Receive),
        1 => (0_usize..20).prop_map(|survive| Step::NewRing { survive }),
        2 => Just(Step::OpenData),
    ]
}

type Delivered = Vec<(Guarantee, Bytes)>;

struct Pair {
    backlog: Backlog,
    space: BytesMut,
    wire: VecDeque<Blank>,
    assembly: Assembly,
    pushed: [Delivered; 2],
    delivered: Delivered,
}

impl Pair {
    fn new() -> Self {
        let backlog = Backlog::new(&Limits::for_packet(1400));
        let assembly = Assembly::new(4 << 20);
        let (wire, pushed, delivered) = (VecDeque::new(), [vec![], vec![]], vec![]);
        Self { backlog, space: BytesMut::new(), wire, assembly, pushed, delivered }
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Push(lane, guarantee, size) => self.push(lane, guarantee, size),
            Step::Turn { frames, room } => self.turn(frames, room),
            Step::Receive(frames) => self.receive(frames),
            Step::NewRing { survive } => self.new_ring(survive),
            Step::OpenData => self.backlog.open_data(),
        }
    }

    /// The first byte of a message tells its lane and its number; the rest follows from it. Only
    /// the data lane gets empty messages, which cannot tell.
    fn push(&mut self, lane: Lane, guarantee: Guarantee, size: usize) {
        let size = if lane == Lane::Sync { size.max(1) } else { size };
        let sent = &mut self.pushed[slot(lane)];
        let seed = u8::try_from((sent.len() * 2 + slot(lane)) % 251).expect("below 251");
        let mut message = vec![seed; size];
        for (place, byte) in message.iter_mut().enumerate().skip(1) {
            *byte = seed.wrapping_add(u8::try_from(place % 256).expect("a byte"));
        }
        let message = Bytes::from(message);
        if self.backlog.push(lane, guarantee, message.clone()).is_ok() {
            sent.push((guarantee, message));
        }
    }

    fn turn(&mut self, frames: usize, room: usize) {
        for _ in 0..frames {
            let packed = fill(&mut self.backlog, &mut self.space, room);
            let Some(packed) = packed else { break };
            assert!(payload(&packed).len() <= room);
            self.wire.push_back(packed);
        }
    }

    fn receive(&mut self, frames: usize) {
        for packed in self.wire.drain(..frames.min(self.wire.len())) {
            let before = self.delivered.len();
            let deliver =
                &mut |guarantee, message: Bytes| self.delivered.push((guarantee, message));
            self.assembly.frame(node(1), payload(&packed), deliver).expect("an honest sender");
            let mut new = self.delivered[before..].iter();
            let safe = new.any(|(guarantee, _)| *guarantee == Guarantee::Safe);
            assert!(packed.safe || !safe, "a safe message in a frame that does not wait");
        }
    }

    fn new_ring(&mut self, survive: usize) {
        let ends = |packed: &Blank| {
            Chunks::new(payload(packed))
                .flatten()
                .any(|chunk| matches!(chunk.part, Part::Whole | Part::Last))
        };
        let recovered = self.wire.iter().rposition(ends).map_or(0, |last| last + 1);
        self.receive(recovered + survive);
        self.wire.clear();
        self.assembly.clear();
        self.backlog.shut_data();
        self.backlog.restart_partial();
    }
}

const fn slot(lane: Lane) -> usize {
    match lane {
        Lane::Sync => 0,
        Lane::Data => 1,
    }
}

proptest! {
    #[test]
    fn every_message_comes_once_and_whole_and_in_the_order_of_its_lane(
        steps in prop::collection::vec(any_step(), 1..60),
    ) {
        let mut pair = Pair::new();
        for step in &steps {
            pair.step(step);
        }
        pair.backlog.open_data();
        pair.turn(usize::MAX, 1400);
        pair.receive(usize::MAX);
        let [sync, data] = &pair.pushed;
        prop_assert_eq!(pair.delivered.len(), sync.len() + data.len());
        let (mut sync, mut data) = (sync.iter().peekable(), data.iter().peekable());
        for message in &pair.delivered {
            let next = sync.next_if_eq(&message).or_else(|| data.next_if_eq(&message));
            prop_assert!(next.is_some(), "{} bytes out of order", message.1.len());
        }
    }
}
