use super::*;

fn node(id: u32) -> NodeId {
    NodeId::new(id).expect("tests use positive ids")
}

fn map(addresses: &[(u32, &str)]) -> BTreeMap<NodeId, IpAddr> {
    addresses
        .iter()
        .map(|&(id, text)| (node(id), text.parse().expect("tests use valid addresses")))
        .collect()
}

fn three() -> Addresses {
    let of = map(&[(1, "10.0.0.1"), (2, "10.0.0.2"), (3, "10.0.0.3")]);
    Addresses::new(node(2), 5405, of).expect("a good map")
}

#[test]
fn tokens_go_to_the_port_below_the_data_port() {
    let addresses = three();
    assert_eq!(addresses.token_of(node(3)), Some("10.0.0.3:5404".parse().expect("valid")));
    assert_eq!(addresses.token_of(node(9)), None);
}

#[test]
fn peers_come_in_ring_order_from_the_successor_on_without_this_node() {
    let expected: Vec<SocketAddr> =
        ["10.0.0.3:5405", "10.0.0.1:5405"].map(|text| text.parse().expect("valid")).to_vec();
    assert_eq!(three().peers(), expected);
}

#[test]
fn an_address_names_its_node() {
    let addresses = three();
    assert_eq!(addresses.node("10.0.0.1".parse().expect("valid")), Some(node(1)));
    assert_eq!(addresses.node("10.0.0.9".parse().expect("valid")), None);
}

#[test]
fn a_node_that_is_not_configured_is_where_its_packets_come_from() {
    let mut addresses = three();
    let at = |text: &str| text.parse::<IpAddr>().expect("valid");
    addresses.learn(node(9), at("10.0.0.9"));
    assert_eq!(addresses.token_of(node(9)), Some("10.0.0.9:5404".parse().expect("valid")));
    assert_eq!(addresses.node(at("10.0.0.9")), Some(node(9)));
    // In the place of another: the other's is still the address.
    addresses.learn(node(8), at("10.0.0.1"));
    assert_eq!(addresses.token_of(node(8)), Some("10.0.0.1:5404".parse().expect("valid")));
    assert_eq!(addresses.node(at("10.0.0.1")), Some(node(1)));
    // Whoever is known stays where he is, and no node has an address of another family.
    let before = addresses.clone();
    for (id, address) in [(9, "10.0.0.7"), (1, "10.0.0.7"), (7, "fe80::1")] {
        addresses.learn(node(id), at(address));
    }
    assert_eq!(addresses, before);
}

#[test]
fn contradictions_are_refused_by_name() {
    let shared = map(&[(1, "10.0.0.1"), (2, "10.0.0.1")]);
    let error = Addresses::new(node(1), 5405, shared).expect_err("one address twice");
    assert_eq!(error.to_string(), "nodes 1 and 2 both have the address 10.0.0.1");

    let mixed = map(&[(1, "10.0.0.1"), (2, "fd00::2")]);
    let error = Addresses::new(node(1), 5405, mixed).expect_err("two families");
    assert!(error.to_string().contains("fd00::2"), "{error}");

    let missing = map(&[(1, "10.0.0.1")]);
    assert_eq!(Addresses::new(node(2), 5405, missing.clone()), Err(AddressError::Missing(node(2))));
    assert_eq!(Addresses::new(node(1), 1, missing), Err(AddressError::Port(1)));
}

#[test]
fn link_local_addresses_carry_the_interface() {
    let of = map(&[(1, "fe80::1"), (2, "fe80::2")]);
    let addresses = Addresses::new(node(1), 5405, of).expect("a good map").with_scope(7);
    let SocketAddr::V6(peer) = addresses.peers()[0] else { panic!("an IPv6 peer") };
    assert_eq!(peer.scope_id(), 7);
}

#[test]
fn a_changed_map_keeps_who_stays_and_never_moves_this_node() {
    let before = three();
    let of = map(&[(2, "10.0.0.2"), (3, "10.0.0.33"), (4, "10.0.0.4")]);
    let staying = NodeSet::from([node(1)]);
    let after = before.changed(of.clone(), &staying).expect("a good map");
    let at = |id| after.token_of(node(id)).map(|at| at.ip().to_string());
    assert_eq!([1, 3, 4].map(at), [Some("10.0.0.1".into()), Some("10.0.0.33".into()), at(4)]);
    assert_eq!(after.peers().len(), 3);
    let gone = before.changed(of, &NodeSet::new()).expect("a good map");
    assert_eq!(gone.token_of(node(1)), None);

    // Taken out of the configuration, this node is where it was.
    let without = before.changed(map(&[(3, "10.0.0.3")]), &staying).expect("a good map");
    assert_eq!((without.me(), without.own()), (before.me(), before.own()));
    let moved = before.changed(map(&[(2, "10.0.0.9")]), &staying).expect_err("it moved");
    assert_eq!(
        moved.to_string(),
        "this node has the address 10.0.0.9 now, its sockets are at 10.0.0.2: restart it"
    );
    let shared = before.changed(map(&[(2, "10.0.0.2"), (3, "10.0.0.1")]), &staying);
    assert!(matches!(shared, Err(AddressError::Shared { .. })));
}

#[test]
fn a_changed_map_keeps_what_was_learned_until_it_is_configured() {
    let mut before = three();
    before.learn(node(9), "10.0.0.9".parse().expect("valid"));
    let of = map(&[(1, "10.0.0.1"), (2, "10.0.0.2")]);
    let after = before.changed(of, &NodeSet::new()).expect("a good map");
    let at = |addresses: &Addresses| addresses.token_of(node(9)).map(|at| at.ip().to_string());
    assert_eq!(at(&after), Some("10.0.0.9".into()));
    let of = map(&[(2, "10.0.0.2"), (9, "10.0.0.99")]);
    let after = after.changed(of, &NodeSet::new()).expect("a good map");
    assert_eq!(at(&after), Some("10.0.0.99".into()));
}
