use super::super::tests::{assert_refused, assert_warned, good, problems};
use super::*;

const MILLI: Duration = Duration::from_millis(1);

#[test]
fn defaults_are_those_of_cman() {
    let ring = good("").ring;
    assert_eq!(ring.transport, Transport::Multicast { group: None, ttl: 1 });
    assert_eq!(ring.port, 5405);
    assert_eq!(ring.key, Key::Name(b"x\0\0\0".to_vec()));
    let timers = Timers {
        token: 10_000 * MILLI,
        join: 60 * MILLI,
        consensus: 2000 * MILLI,
        merge: 200 * MILLI,
        token_retransmit: None,
        hold: None,
    };
    assert_eq!(ring.timers, timers);
    let limits =
        Limits { window_size: None, max_messages: None, fail_recv_const: 2500, netmtu: 1500 };
    assert_eq!(ring.limits, limits);
}

#[test]
fn consensus_follows_token_and_number_of_nodes() {
    for (token, nodes, consensus) in [
        (10_000, 2, 2000),
        (10_000, 1, 2000),
        (10_000, 3, 12_000),
        (10_000, 0, 12_000),
        (5000, 2, 1000),
        (500, 2, 200),
        (30_000, 2, 2000),
        (30_000, 16, 32_000),
    ] {
        assert_eq!(default_consensus(token * MILLI, nodes), consensus * MILLI, "{token} {nodes}");
    }
}

#[test]
fn configured_times_are_taken_and_checked() {
    let timers =
        good("<totem token=\"30000\" join=\"50\" consensus=\"36000\" merge=\"100\"/>").ring;
    assert_eq!(timers.timers.token, 30_000 * MILLI);
    assert_eq!(timers.timers.consensus, 36_000 * MILLI);
    assert_refused(
        "<totem token=\"29\"/>",
        "cluster.totem.token: \"29\" is not a number from 30 to 86400000",
    );
    assert_refused(
        "<totem consensus=\"59\"/>",
        "cluster.totem.consensus: \"59\" is less than the time between two joins, 60",
    );
    assert_refused(
        "<totem join=\"2001\"/>",
        "cluster.totem.join: \"2000\" is less than the time between two joins, 2001",
    );
    assert_refused(
        "<totem token=\"1000\" hold=\"501\"/>",
        "cluster.totem.hold: \"501\" is more than half of the token timeout, 1000",
    );
}

#[test]
fn transport_words_are_those_of_cman() {
    assert_eq!(good("<cman broadcast=\"yes\"/>").ring.transport, Transport::Broadcast);
    assert_eq!(
        good("<cman broadcast=\"yes\" transport=\"udpb\"/>").ring.transport,
        Transport::Broadcast
    );
    assert_eq!(good("<cman transport=\"udpb\"/>").ring.transport, Transport::Broadcast);
    assert_eq!(good("<cman transport=\"udpu\"/>").ring.transport, Transport::Unicast);
    assert_eq!(
        good("<cman transport=\"udp\"/>").ring.transport,
        Transport::Multicast { group: None, ttl: 1 }
    );
    assert_refused(
        "<cman transport=\"tcp\"/>",
        "cluster.cman.transport: \
         Transport option value can be one of udp, udpb, udpu, rdma: \"tcp\"",
    );
    assert_refused(
        "<cman transport=\"rdma\"/>",
        "cluster.cman.transport: \"rdma\" is not supported",
    );
    assert_refused(
        "<cman broadcast=\"yes\" transport=\"udpu\"/>",
        "cluster.cman.transport: Transport and broadcast option are mutually exclusive: \
         transport \"udpu\" with broadcast \"yes\"",
    );
    assert_refused(
        "<totem transport=\"udpu\"/>",
        "cluster.totem.transport: Transport should not be specified within <totem .../>, \
         use <cman transport=\"...\" /> instead: \"udpu\"",
    );
}

#[test]
fn configured_group_must_be_multicast() {
    let ring = good("<cman><multicast addr=\"239.1.1.1\" ttl=\"4\"/></cman>").ring;
    let group = Some("239.1.1.1".parse().unwrap());
    assert_eq!(ring.transport, Transport::Multicast { group, ttl: 4 });
    for bad in ["10.0.0.1", "fe80::1", "abc", ""] {
        assert_refused(
            &format!("<cman><multicast addr=\"{bad}\"/></cman>"),
            &format!(
                "cluster.cman.multicast.addr: \"{bad}\" is not \
                 a multicast address (224.0.0.0/4 or ff00::/8)"
            ),
        );
    }
    assert_refused(
        "<cman broadcast=\"yes\"><multicast ttl=\"2\"/></cman>",
        "cluster.cman.multicast.ttl: Can only set ttl on multicast transport types: \"2\"",
    );
    assert_warned(
        "<cman broadcast=\"yes\"><multicast addr=\"239.1.1.1\"/></cman>",
        "cluster.cman.multicast.addr: the address has no effect: the transport is not multicast",
    );
}

#[test]
fn port_of_cman_goes_before_port_of_multicast() {
    assert_eq!(good("<cman port=\"6000\"><multicast port=\"7000\"/></cman>").ring.port, 6000);
    assert_eq!(good("<cman><multicast port=\"7000\"/></cman>").ring.port, 7000);
    for bad in ["1", "65536"] {
        assert_refused(
            &format!("<cman port=\"{bad}\"/>"),
            &format!("cluster.cman.port: \"{bad}\" is not a number from 2 to 65535"),
        );
    }
}

#[test]
fn key_comes_from_the_first_place_that_has_one() {
    let both = good("<cman keyfile=\"/a\"/><totem keyfile=\"/b\" key=\"k\"/>");
    assert_eq!(both.ring.key, Key::File("/a".to_owned()));
    let totem = good("<totem keyfile=\"/b\" key=\"k\"/>");
    assert_eq!(totem.ring.key, Key::File("/b".to_owned()));
    let key = good("<totem key=\"k\"/>").ring.key;
    assert_eq!(key, Key::Configured(b"k".to_vec()));
    assert_eq!(format!("{key:?}"), "Configured(..)");
    assert_refused("<cman keyfile=\"\"/>", "cluster.cman.keyfile: \"\" is empty");
    let long = "k".repeat(129);
    assert_refused(&format!("<totem key=\"{long}\"/>"), "cluster.totem.key: the key has 129 bytes");
}

#[test]
fn window_bounds_are_checked_together() {
    let limits =
        good("<totem window_size=\"50\" max_messages=\"17\" netmtu=\"9000\"/>").ring.limits;
    assert_eq!((limits.window_size, limits.max_messages), (Some(50), Some(17)));
    assert_eq!(limits.netmtu, 9000);
    assert_refused(
        "<totem window_size=\"10\" max_messages=\"17\"/>",
        "cluster.totem.max_messages: \"17\" is more than window_size, 10",
    );
}

#[test]
fn settings_without_effect_are_reported() {
    let (usable, lines) = problems(
        "<totem rrp_mode=\"active\" secauth=\"off\"><interface ringnumber=\"0\"/></totem>",
    );
    assert!(usable);
    assert_eq!(
        lines,
        [
            "cluster.totem.rrp_mode: \"active\" has no effect: this ring has no such setting",
            "cluster.totem.secauth: \"off\" has no effect: packets are always encrypted",
            "cluster.totem.interface: \
             interface has no effect: addresses follow from the node names",
        ]
    );
}

#[test]
fn next_key_is_a_file_of_its_own() {
    let ring = good("<cman keyfile=\"/k1\" next_keyfile=\"/k2\"/>").ring;
    assert_eq!((ring.key, ring.next_key), (Key::File("/k1".into()), Some("/k2".into())));
    assert_refused(
        "<cman next_keyfile=\"/k1\"/><totem keyfile=\"/k1\"/>",
        "cluster.cman.next_keyfile: \"/k1\" is the keyfile already",
    );
}
