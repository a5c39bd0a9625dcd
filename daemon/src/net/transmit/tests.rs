use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::{Duration, Instant};

use super::super::receive::Receiver;
use super::*;

fn loopback() -> Socket {
    Socket::open(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0).into()).expect("loopback has ports")
}

fn address(socket: &Socket) -> SocketAddr {
    let at = socket.inner().local_addr().expect("a bound socket has an address");
    at.as_socket().expect("it is of the internet")
}

fn burst_of(sizes: &[usize]) -> (Burst, Vec<Vec<u8>>) {
    let mut burst = Burst::default();
    let mut frames = Vec::new();
    for (index, &size) in sizes.iter().enumerate() {
        let frame = vec![u8::try_from(index % 251).expect("below 251"); size];
        let push = |out: &mut bytes::BytesMut| -> Result<(), ()> {
            out.extend_from_slice(&frame);
            Ok(())
        };
        burst.push(push).expect("always works");
        frames.push(frame);
    }
    (burst, frames)
}

/// Reads until `count` packets are there.
fn read(socket: &Socket, count: usize) -> Vec<Vec<u8>> {
    let mut receiver = Receiver::new();
    let mut arrived = VecDeque::new();
    let end = Instant::now() + Duration::from_secs(5);
    while arrived.len() < count && Instant::now() < end {
        match receiver.read(socket, 32, &mut arrived) {
            Ok(_) => {}
            Err(Errno::EAGAIN) => std::thread::yield_now(),
            Err(errno) => panic!("cannot read: {errno}"),
        }
    }
    arrived.into_iter().map(|packet| packet.bytes.to_vec()).collect()
}

const SIZES: [usize; 9] = [1400, 1400, 1400, 900, 1400, 1400, 30, 31, 1400];

#[test]
fn a_burst_arrives_whole_and_in_order_by_segmentation() {
    let (from, to) = (loopback(), loopback());
    to.coalesce();
    let (burst, frames) = burst_of(&SIZES);
    let mut transmitter = Transmitter::new();
    transmitter.burst(&from, &burst, &[address(&to)]);
    assert_eq!(read(&to, frames.len()), frames);
    assert_eq!(transmitter.sent().packets, 9);
    assert!(transmitter.sent().calls <= 6, "{:?}", transmitter.sent());
}

#[test]
fn a_burst_arrives_the_same_without_segmentation_and_without_sendmmsg() {
    for several in [true, false] {
        let (from, to) = (loopback(), loopback());
        let (burst, frames) = burst_of(&SIZES);
        let mut transmitter = Transmitter::plain(several);
        transmitter.burst(&from, &burst, &[address(&to)]);
        assert_eq!(read(&to, frames.len()), frames);
        assert_eq!(transmitter.sent().calls, if several { 1 } else { 9 });
    }
}

#[test]
fn a_long_burst_reaches_several_receivers() {
    let (from, first, second) = (loopback(), loopback(), loopback());
    let (burst, frames) = burst_of(&[1200; 150]);
    for mut transmitter in [Transmitter::new(), Transmitter::plain(true)] {
        transmitter.burst(&from, &burst, &[address(&first), address(&second)]);
        assert_eq!(read(&first, frames.len()), frames);
        assert_eq!(read(&second, frames.len()), frames);
        assert_eq!(transmitter.sent().packets, 300);
    }
}

#[test]
fn segments_above_the_unit_of_the_device_are_sent_another_way() {
    let (from, to) = (loopback(), loopback());
    // More than a segment may have where the device carries 65536 bytes: two do not fit a run, so
    // each is a run of one, and leaves without segmentation.
    let (burst, frames) = burst_of(&[60_000, 60_000]);
    let mut transmitter = Transmitter::new();
    transmitter.burst(&from, &burst, &[address(&to)]);
    assert_eq!(read(&to, frames.len()), frames);
}

#[test]
fn a_refused_port_is_reported_and_does_not_stop_the_next_packet() {
    let from = loopback();
    from.report_refusals();
    let dead = address(&loopback());
    let alive = loopback();
    let mut transmitter = Transmitter::new();
    transmitter.one(&from, b"anybody there?", dead);
    transmitter.one(&from, b"hello", address(&alive));
    assert_eq!(read(&alive, 1), [b"hello".to_vec()]);
    assert!(transmitter.take_refusals(), "the second send brought the error of the first");
    assert_eq!(super::super::errors::refusals(&from), [dead.ip()]);
    assert!(super::super::errors::refusals(&from).is_empty());
}

#[test]
fn a_full_or_impossible_path_loses_packets_and_counts_them() {
    let from = loopback();
    let (burst, _) = burst_of(&[100, 100]);
    let mut transmitter = Transmitter::new();
    // An IPv6 receiver for an IPv4 socket: refused whatever way it is tried.
    let nowhere: SocketAddr = "[::1]:9".parse().expect("valid");
    transmitter.burst(&from, &burst, &[nowhere]);
    assert_eq!((transmitter.sent().packets, transmitter.sent().lost), (0, 2));
}
