use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use totem::NodeSet;
use totem::seal::{ClusterKey, Sealer};

use super::*;

fn node(id: u32) -> NodeId {
    NodeId::new(id).expect("tests use positive ids")
}

/// An address of node `id` that no other test run of this machine uses at the same time.
fn own_address(id: u8) -> Ipv4Addr {
    let [.., high, low] = std::process::id().to_be_bytes();
    Ipv4Addr::new(127, 64 | high & 63, low, id)
}

/// Nodes on addresses of their own; every test has its own port.
pub(crate) fn nodes(port: u16, count: u8) -> Vec<Net> {
    (1..=count).map(|id| open(port, count, id, b"secret").expect("the port is free")).collect()
}

fn open(port: u16, count: u8, id: u8, secret: &[u8]) -> Result<Net, NetError> {
    let of: BTreeMap<NodeId, IpAddr> =
        (1..=count).map(|id| (node(u32::from(id)), own_address(id).into())).collect();
    let me = node(u32::from(id));
    let addresses = Addresses::new(me, port, of).expect("a good map");
    let key = ClusterKey::new(secret).expect("not empty");
    Net::open(addresses, Transport::Unicast, Seal::new(key, 7, me, 1))
}

async fn next(net: &mut Net) -> Arrival {
    loop {
        if let Some(arrival) = net.next(Instant::ORIGIN) {
            return arrival;
        }
        if !net.fetch(true, Instant::ORIGIN) {
            net.ready().await;
        }
    }
}

fn packet(from: u32, bytes: &'static [u8]) -> Arrival {
    Arrival::Packet { from: node(from), bytes: Bytes::from_static(bytes) }
}

#[tokio::test]
async fn what_is_for_everyone_reaches_the_others_and_tokens_one_node() {
    let [mut first, mut second, mut third] =
        <[Net; 3]>::try_from(nodes(21_405, 3)).expect("three nodes");
    first.send(Destination::Everyone, b"data");
    first.send(Destination::Node(node(2)), b"token");
    first.send(Destination::Everyone, b"more");
    first.flush();
    let mut seen = [next(&mut second).await, next(&mut second).await, next(&mut second).await];
    seen.sort_by_key(|arrival| format!("{arrival:?}"));
    assert_eq!(seen, [packet(1, b"data"), packet(1, b"more"), packet(1, b"token")]);
    assert_eq!(next(&mut third).await, packet(1, b"data"));
    assert_eq!(next(&mut third).await, packet(1, b"more"));
    assert_eq!(first.sent().packets, 5);
}

#[tokio::test]
async fn waiting_ends_with_a_packet_or_in_time() {
    let [mut first, mut second] = <[Net; 2]>::try_from(nodes(21_475, 2)).expect("two nodes");
    let began = std::time::Instant::now();
    second.wait(Duration::from_millis(20));
    assert!(began.elapsed() >= Duration::from_millis(20), "{:?}", began.elapsed());
    for to in [Destination::Everyone, Destination::Node(node(2))] {
        first.send(to, b"here");
        first.flush();
        let began = std::time::Instant::now();
        second.wait(Duration::from_secs(20));
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
        assert_eq!(next(&mut second).await, packet(1, b"here"));
    }
}

#[tokio::test]
async fn nodes_are_found_at_their_new_addresses() {
    let [mut first, mut second, third] =
        <[Net; 3]>::try_from(nodes(21_465, 3)).expect("three nodes");
    drop(third);
    let of = BTreeMap::from([(node(1), own_address(1).into()), (node(3), own_address(2).into())]);
    let addresses = first.addresses().changed(of, &NodeSet::new()).expect("a good map");
    first.readdress(addresses);
    first.send(Destination::Everyone, b"data");
    first.send(Destination::Node(node(2)), b"lost");
    first.send(Destination::Node(node(3)), b"token");
    let mut seen = [next(&mut second).await, next(&mut second).await];
    seen.sort_by_key(|arrival| format!("{arrival:?}"));
    assert_eq!(seen, [packet(1, b"data"), packet(1, b"token")]);
    assert_eq!(first.sent().packets, 2);
}

#[tokio::test]
async fn key_changes_while_packets_travel() {
    let [mut first, mut second] = <[Net; 2]>::try_from(nodes(21_475, 2)).expect("two nodes");
    let new = ClusterKey::new(b"new").expect("not empty");
    let both = NodeSet::from([node(1), node(2)]);
    let old = first.keys().current().clone();
    for net in [&mut first, &mut second] {
        assert_eq!(net.follow_keys(&new, None), Err(KeyError::Unknown));
        net.follow_keys(&old, Some(new.clone())).expect("another key");
    }
    first.send(Destination::Node(node(2)), b"old");
    first.follow_keys(&new, None).expect("the next key");
    first.send(Destination::Node(node(2)), b"new");
    assert_eq!(next(&mut second).await, packet(1, b"old"));
    assert_eq!(next(&mut second).await, packet(1, b"new"));
    assert_eq!(second.keys().current(), &new);
    second.send(Destination::Node(node(1)), b"answer");
    assert_eq!(next(&mut first).await, packet(2, b"answer"));
    for net in [&mut first, &mut second] {
        net.retire_key(&both);
        assert_eq!(net.keys().old(), None);
    }
}

#[tokio::test]
async fn the_socket_that_the_ring_prefers_is_read_first() {
    let [mut first, mut second] = <[Net; 2]>::try_from(nodes(21_415, 2)).expect("two nodes");
    for token_first in [false, true] {
        first.send(Destination::Everyone, b"data");
        first.send(Destination::Node(node(2)), b"token");
        while !second.fetch(token_first, Instant::ORIGIN) {
            second.ready().await;
        }
        let expected = if token_first { packet(1, b"token") } else { packet(1, b"data") };
        assert_eq!(second.next(Instant::ORIGIN), Some(expected));
        next(&mut second).await;
    }
}

#[tokio::test]
async fn a_second_daemon_on_the_same_address_is_told_that_the_port_is_in_use() {
    let nodes = nodes(21_425, 1);
    let error = open(21_425, 1, 1, b"secret").expect_err("the port is taken");
    assert_eq!(
        error.to_string(),
        format!(
            "UDP port 21424 of {} is in use: another program, or another clusterd, has it",
            own_address(1)
        )
    );
    drop(nodes);
    open(21_425, 1, 1, b"secret").expect("free again at once");
}

#[tokio::test]
async fn an_address_of_another_machine_is_refused_by_name() {
    let me = node(1);
    let of = BTreeMap::from([(me, Ipv4Addr::new(192, 0, 2, 1).into())]);
    let key = ClusterKey::new(b"secret").expect("not empty");
    let seal = Seal::new(key, 7, me, 1);
    let addresses = Addresses::new(me, 21_435, of).expect("a good map");
    let error = Net::open(addresses, Transport::Unicast, seal).expect_err("not ours");
    assert!(error.to_string().contains("192.0.2.1"), "{error}");
}

#[tokio::test]
async fn a_dead_node_is_reported_as_refused() {
    let [mut first, second] = <[Net; 2]>::try_from(nodes(21_445, 2)).expect("two nodes");
    drop(second);
    first.send(Destination::Node(node(2)), b"token");
    assert_eq!(next(&mut first).await, Arrival::Refused(node(2)));
}

#[tokio::test]
async fn foreign_and_repeated_packets_are_counted_and_dropped() {
    let [mut first, mut second] = <[Net; 2]>::try_from(nodes(21_455, 2)).expect("two nodes");
    let stranger = loopback_socket();
    let to = SocketAddr::new(own_address(2).into(), 21_454);
    let key = ClusterKey::new(b"another").expect("not empty");
    let mut forged = BytesMut::new();
    Sealer::new(&key, 7, node(1), 1).seal(b"token", &mut forged).expect("small");
    for bytes in [&b"short"[..], &forged, &[0; 100]] {
        stranger.send_to(bytes, to).expect("loopback takes it");
    }
    first.send(Destination::Node(node(2)), b"token");
    assert_eq!(next(&mut second).await, packet(1, b"token"));
    let refused = second.refused();
    assert_eq!(refused.truncated + refused.not_ours + refused.unknown_key, 3, "{refused:?}");
}

fn loopback_socket() -> std::net::UdpSocket {
    std::net::UdpSocket::bind("127.0.0.1:0").expect("loopback has ports")
}

#[test]
fn a_limited_line_says_how_many_it_stands_for() {
    let mut limit = Limiter::default();
    let at = |millis| Instant::ORIGIN + Duration::from_millis(millis);
    assert_eq!(limit.pass(at(1), 1), Some(1));
    assert_eq!(limit.pass(at(2), 3), None);
    assert_eq!(limit.pass(at(900), 1), None);
    assert_eq!(limit.pass(at(1001), 1), Some(5));
}
