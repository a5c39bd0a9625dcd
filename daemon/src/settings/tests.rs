use super::*;

const LISTING1: &str = r#"<cluster name="iscsicluster" config_version="5">
  <cman two_node="1" expected_votes="1"/>
  <clusternodes>
    <clusternode name="iscsi1" votes="1" nodeid="1"/>
    <clusternode name="iscsi2" votes="1" nodeid="2"/>
  </clusternodes>
</cluster>"#;

fn cluster(text: &str) -> Cluster {
    confdb::load::configuration("cluster.conf", text.as_bytes()).unwrap().cluster
}

/// Listing 1 with another `cman` and a `totem`.
fn with(cman: &str, totem: &str) -> Cluster {
    let old = "<cman two_node=\"1\" expected_votes=\"1\"/>";
    cluster(&LISTING1.replace(old, &format!("<cman {cman}/><totem {totem}/>")))
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

pub(super) fn iscsi1(own: &str) -> LocalNode {
    LocalNode { id: 1.try_into().unwrap(), name: "iscsi1".to_owned(), address: address(own) }
}

pub(super) fn resolved() -> BTreeMap<String, Vec<IpAddr>> {
    let of = |texts: &[&str]| texts.iter().map(|text| address(text)).collect();
    BTreeMap::from([
        ("iscsi1".to_owned(), of(&["192.168.10.11"])),
        ("iscsi2".to_owned(), of(&["127.0.1.1", "fd00::12", "192.168.10.12"])),
    ])
}

fn of(cluster: &Cluster) -> Settings {
    settings(cluster, &iscsi1("192.168.10.11"), &resolved(), &Overrides::default()).unwrap()
}

fn held() -> Held {
    Held { text: LISTING1.as_bytes().into(), accepted: Vec::new(), mark: 0, copied: false }
}

#[test]
fn listing1_becomes_the_two_node_cluster_of_the_article() {
    let settings = of(&cluster(LISTING1));
    assert_eq!(settings.cluster.id, 46516);
    let group = address("239.192.181.106");
    assert_eq!(
        settings.network,
        Network { transport: Transport::Multicast { group, ttl: 1 }, port: 5405 }
    );
    assert_eq!(settings.network.everyone(), Some(group));
    assert!(settings.voting.two_node());
    assert_eq!(settings.voting.expected(), Votes::ONE);
    assert_eq!(settings.key, KeySource::Name(b"iscsicluster\0\0\0\0".to_vec()));
    assert_eq!(settings.logging.logfile, None);
    assert_eq!(settings.timing.token, Duration::from_secs(10));
    assert_eq!(settings.timing.consensus, Duration::from_secs(2));
    assert_eq!(settings.notes.len(), 1, "{:?}", settings.notes);
}

#[test]
fn other_nodes_have_their_address_of_our_family_and_never_loopback() {
    let settings = of(&cluster(LISTING1));
    let addresses: Vec<&[IpAddr]> =
        settings.nodes.iter().map(|node| node.addresses.as_slice()).collect();
    assert_eq!(addresses, [[address("192.168.10.11")], [address("192.168.10.12")]]);
}

#[test]
fn name_that_does_not_resolve_leaves_a_node_without_address() {
    let cluster = cluster(LISTING1);
    let none = BTreeMap::new();
    let me = iscsi1("192.168.10.11");
    let settings = settings(&cluster, &me, &none, &Overrides::default()).unwrap();
    assert_eq!(settings.nodes[0].addresses, [me.address]);
    assert!(settings.nodes[1].addresses.is_empty());
}

#[test]
fn packet_leaves_room_for_headers_and_seal() {
    let v4 = of(&cluster(LISTING1));
    assert_eq!(v4.limits.packet, 1500 - 28 - totem::seal::OVERHEAD);
    let me = iscsi1("fd00::11");
    let cluster = with("", "netmtu=\"9000\"");
    let v6 = settings(&cluster, &me, &resolved(), &Overrides::default()).unwrap();
    assert_eq!(v6.limits.packet, 9000 - 48 - totem::seal::OVERHEAD);
    assert_eq!(v6.network.everyone(), Some(address("ff15::b5b4")));
    assert_eq!(v6.nodes[1].addresses, [address("fd00::12")]);
}

#[test]
fn configured_timers_reach_the_ring() {
    let totem = "token=\"5000\" join=\"100\" consensus=\"6000\" merge=\"300\" \
                 token_retransmit=\"238\" hold=\"180\"";
    let timing = of(&with("", totem)).timing;
    let millis = Duration::from_millis;
    assert_eq!((timing.token, timing.join), (millis(5000), millis(100)));
    assert_eq!((timing.consensus, timing.beacon), (millis(6000), millis(300)));
    assert_eq!((timing.retransmit, timing.hold), (millis(238), millis(180)));
}

#[test]
fn shortest_and_longest_times_work() {
    for totem in [
        "token=\"30\"",
        "token=\"30\" hold=\"15\" token_retransmit=\"15\"",
        "token=\"86400000\" join=\"86400000\" consensus=\"86400000\"",
    ] {
        assert!(of(&with("", totem)).ring(1, 2).is_ok(), "{totem}");
    }
}

#[test]
fn smallest_and_largest_frames_work() {
    for totem in [
        "netmtu=\"576\" window_size=\"1\"",
        "netmtu=\"65000\" window_size=\"4096\" max_messages=\"4096\"",
        "max_messages=\"1\"",
        "max_messages=\"4096\"",
        "window_size=\"50\" max_messages=\"17\"",
    ] {
        assert!(of(&with("", totem)).ring(1, 2).is_ok(), "{totem}");
    }
    let limits = of(&with("", "window_size=\"50\"")).limits;
    assert_eq!((limits.window, limits.per_turn), (50, 50));
}

#[test]
fn a_node_may_be_told_its_id_and_that_there_are_two_of_them() {
    let id = |id| Overrides { node_id: NonZeroU32::new(id), ..Overrides::default() };
    let me = iscsi1("192.168.10.11");
    let other = settings(&with("", ""), &me, &resolved(), &id(9)).unwrap();
    assert_eq!((other.me.get(), other.nodes[0].id.get()), (9, 9));
    assert_eq!(other.nodes[0].addresses, [address("192.168.10.11")]);
    let taken = settings(&with("", ""), &me, &resolved(), &id(2)).unwrap_err().to_string();
    assert_eq!(taken, "node id 2 cannot be used: it is the id of iscsi2");
    let two_node = Overrides { two_node: true, votes: Some(3), ..Overrides::default() };
    let two = settings(&with("", ""), &me, &resolved(), &two_node).unwrap();
    assert!(two.voting.two_node());
    assert_eq!((two.voting.expected().get(), two.nodes[0].votes), (1, 1));
}

#[test]
fn what_the_operator_asks_for_goes_first() {
    let overrides = Overrides {
        group: Some(address("239.1.2.3")),
        port: Some(6000),
        votes: Some(3),
        expected_votes: Some(4),
        keyfile: Some("/etc/cluster/key".into()),
        ..Overrides::default()
    };
    let me = iscsi1("192.168.10.11");
    let settings = settings(&with("keyfile=\"/x\"", ""), &me, &resolved(), &overrides).unwrap();
    assert_eq!(settings.network.everyone(), overrides.group);
    assert_eq!(settings.network.port, 6000);
    assert_eq!(settings.nodes[0].votes, 3);
    assert_eq!(settings.nodes[1].votes, 1);
    assert_eq!(settings.voting.expected(), Votes::new(4));
    assert_eq!(settings.key, KeySource::File("/etc/cluster/key".into()));
    assert_eq!(settings.notes, [""; 0]);
}

#[test]
fn what_cannot_work_is_refused_with_its_value() {
    let me = iscsi1("192.168.10.11");
    let listing1 = cluster(LISTING1);
    let refused = |cluster: &Cluster, me: &LocalNode, overrides: Overrides| {
        settings(cluster, me, &resolved(), &overrides).unwrap_err().to_string()
    };
    let group = |text| Overrides { group: Some(address(text)), ..Overrides::default() };
    assert_eq!(
        refused(&listing1, &me, group("10.0.0.1")),
        "multicast address 10.0.0.1 cannot be used: it is no multicast address"
    );
    assert_eq!(
        refused(&listing1, &me, group("ff15::1")),
        "multicast address ff15::1 cannot be used: \
         Node address family does not match multicast address family"
    );
    assert_eq!(
        refused(&with("transport=\"udpu\"", ""), &me, group("239.1.2.3")),
        "multicast address 239.1.2.3 cannot be used: the transport is not multicast"
    );
    let port = Overrides { port: Some(1), ..Overrides::default() };
    assert_eq!(
        refused(&listing1, &me, port),
        "port 1 cannot be used: it and the port below it are needed"
    );
    let votes = |votes| Overrides { votes: Some(votes), ..Overrides::default() };
    assert_eq!(refused(&listing1, &me, votes(2)), "two_node set but votes not set to 1");
    assert_eq!(
        refused(&listing1, &me, votes(256)),
        "256 votes cannot be used: a node has 0 to 255"
    );
    let v6 = iscsi1("fd00::11");
    assert_eq!(
        refused(&with("broadcast=\"yes\"", ""), &v6, Overrides::default()),
        "broadcast needs an IPv4 address, this node has fd00::11"
    );
}

#[test]
fn more_nodes_than_a_ring_holds_are_refused() {
    let nodes: String =
        (1..=129).map(|id| format!("<clusternode name=\"iscsi{id}\" nodeid=\"{id}\"/>")).collect();
    let text = format!(
        "<cluster name=\"big\" config_version=\"1\"><clusternodes>{nodes}</clusternodes></cluster>"
    );
    let refused =
        settings(&cluster(&text), &iscsi1("192.168.10.11"), &resolved(), &Overrides::default());
    let refused = refused.unwrap_err().to_string();
    assert_eq!(refused, "129 nodes are configured, a ring has at most 128");
}

#[test]
fn transports_and_keys_are_taken_from_the_file() {
    assert_eq!(of(&with("broadcast=\"yes\"", "")).network.transport, Transport::Broadcast);
    assert_eq!(of(&with("transport=\"udpu\" port=\"7000\"", "")).network.port, 7000);
    assert_eq!(of(&with("transport=\"udpu\"", "")).network.everyone(), None);
    let key = of(&with("", "key=\"secret\"")).key;
    assert_eq!(key, KeySource::Configured(b"secret".to_vec()));
    assert_eq!(format!("{key:?}"), "Configured(..)");
    assert_eq!(
        of(&with("keyfile=\"/etc/cluster/key\"", "")).key,
        KeySource::File("/etc/cluster/key".into())
    );
}

#[test]
fn parts_of_the_daemon_can_have_their_own_log_settings() {
    let logging = "<logging logfile_priority=\"notice\">\
                   <logging_daemon name=\"corosync\" subsys=\"TOTEM\" debug=\"on\"/></logging>";
    let text = LISTING1.replace("</cluster>", &format!("{logging}</cluster>"));
    let settings = of(&cluster(&text));
    assert!(!settings.logging.debug);
    let (name, totem) = &settings.subsystems[0];
    assert_eq!((name.as_str(), totem.debug), ("TOTEM", true));
    assert_eq!(totem.logfile_priority, settings.logging.logfile_priority);
}

#[test]
fn stack_is_told_the_version_and_the_stored_sequence() {
    let stack = of(&cluster(LISTING1)).stack(7, 8, RingSeq::new(748), held()).unwrap();
    assert_eq!((stack.config_version, stack.last), (5, RingSeq::new(748)));
    assert_eq!(stack.ring.identity().boot, 7);
    assert_eq!(stack.nodes.len(), 2);
}

#[test]
fn next_key_follows_unless_this_node_was_given_one() {
    let cluster = with("keyfile=\"/k1\" next_keyfile=\"/k2\"", "");
    let settings = of(&cluster);
    assert_eq!(settings.next_key, Some("/k2".into()));
    let overrides = Overrides { keyfile: Some("/given".into()), ..Overrides::default() };
    let me = iscsi1("192.168.10.11");
    let why = super::settings(&cluster, &me, &resolved(), &overrides).unwrap_err();
    assert_eq!(
        why.to_string(),
        "next_keyfile /k2 cannot follow: this node was started with key file /given, which goes \
         before the configuration; start it without"
    );
}
