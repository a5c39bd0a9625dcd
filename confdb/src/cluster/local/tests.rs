use super::super::tests::good;
use super::*;

/// Nodes `a` and `b`, renamed.
fn cluster(first: &str, second: &str) -> Cluster {
    let mut cluster = good("");
    cluster.nodes[0].name = first.to_owned();
    cluster.nodes[1].name = second.to_owned();
    cluster
}

struct World {
    cluster: Cluster,
    hostname: String,
    interfaces: Vec<Interface>,
    resolved: BTreeMap<String, Vec<IpAddr>>,
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

impl World {
    fn new(first: &str, second: &str, hostname: &str) -> Self {
        let interface =
            |text, name: &str| Interface { address: address(text), name: Some(name.to_owned()) };
        Self {
            cluster: cluster(first, second),
            hostname: hostname.to_owned(),
            interfaces: vec![
                interface("127.0.0.1", "localhost"),
                interface("192.168.10.11", "eth0.example.org"),
            ],
            resolved: BTreeMap::new(),
        }
    }

    fn resolve(mut self, name: &str, addresses: &[&str]) -> Self {
        let addresses = addresses.iter().map(|text| address(text)).collect();
        self.resolved.insert(name.to_owned(), addresses);
        self
    }

    fn host(&self) -> Host<'_> {
        Host {
            override_name: None,
            hostname: &self.hostname,
            interfaces: &self.interfaces,
            resolved: &self.resolved,
        }
    }

    fn find(&self) -> Result<LocalNode, LocalError> {
        self.cluster.local_node(&self.host())
    }

    #[track_caller]
    fn assert_is(&self, name: &str) {
        let found = self.find().unwrap();
        assert_eq!(
            (found.name.as_str(), found.address.to_string()),
            (name, "192.168.10.11".into())
        );
    }
}

const OWN: &[&str] = &["192.168.10.11"];

#[test]
fn full_host_name_is_tried_first() {
    let world = World::new("iscsi1", "iscsi1.example.org", "iscsi1.example.org");
    world.resolve("iscsi1.example.org", OWN).assert_is("iscsi1.example.org");
}

#[test]
fn host_name_without_its_domain_is_tried_next() {
    World::new("iscsi1", "iscsi2", "iscsi1.example.org").resolve("iscsi1", OWN).assert_is("iscsi1");
}

#[test]
fn domains_of_both_names_may_differ() {
    let world = World::new("iscsi2.cluster", "iscsi1.cluster", "iscsi1.example.org");
    world.resolve("iscsi1.cluster", OWN).assert_is("iscsi1.cluster");
}

#[test]
fn names_and_numbers_of_interfaces_are_tried() {
    World::new("a", "eth0.example.org", "h")
        .resolve("eth0.example.org", OWN)
        .assert_is("eth0.example.org");
    World::new("a", "eth0", "h").resolve("eth0", OWN).assert_is("eth0");
    World::new("a", "192.168.10.11", "h").assert_is("192.168.10.11");
}

#[test]
fn alias_of_an_own_address_is_tried_last() {
    let world = World::new("a", "alias", "h");
    world.resolve("a", &["192.168.10.99"]).resolve("alias", OWN).assert_is("alias");
}

#[test]
fn case_of_names_matters() {
    let error = World::new("ISCSI1", "iscsi2", "iscsi1").find().unwrap_err();
    assert_eq!(
        error.to_string(),
        "Cannot find node name in cluster.conf: \
         neither \"iscsi1\" nor an address of this host is one of ISCSI1, iscsi2"
    );
}

#[test]
fn name_asked_for_must_be_configured() {
    let world = World::new("iscsi1", "iscsi2", "iscsi1").resolve("iscsi2", OWN);
    let ask = |name| {
        let host = Host { override_name: Some(name), ..world.host() };
        world.cluster.local_node(&host)
    };
    assert_eq!(ask("iscsi2").unwrap().name, "iscsi2");
    assert_eq!(
        ask("iscsi77").unwrap_err().to_string(),
        "Overridden node name is not in CCS: \"iscsi77\" is none of iscsi1, iscsi2"
    );
    let long = "x".repeat(255);
    let error = world.cluster.local_node(&Host { override_name: Some(&long), ..world.host() });
    assert_eq!(
        error.unwrap_err().to_string(),
        "Overridden node name is too long: 255 bytes, at most 254"
    );
}

#[test]
fn long_host_name_is_refused() {
    let error = World::new("a", "b", &"h".repeat(255)).find().unwrap_err();
    assert_eq!(error.to_string(), "local node name is too long: 255 bytes, at most 254");
}

#[test]
fn name_must_resolve_and_not_to_loopback() {
    let world = World::new("iscsi1", "iscsi2", "iscsi1");
    assert_eq!(
        world.find().unwrap_err().to_string(),
        "Can't determine address family of nodename iscsi1: the name does not resolve"
    );
    let world = world.resolve("iscsi1", &["127.0.1.1"]);
    assert_eq!(
        world.find().unwrap_err().to_string(),
        "Node name resolves to localhost, please check /etc/hosts and assign this node a network \
         IP address: iscsi1 is 127.0.1.1"
    );
    // All nodes are on this host.
    let world = world.resolve("iscsi2", &["127.0.1.2"]);
    assert_eq!(world.find().unwrap().address, address("127.0.1.1"));
    // Another one can be reached from elsewhere too.
    let world = world.resolve("iscsi2", &["127.0.1.2", "192.168.10.12"]);
    assert!(matches!(world.find(), Err(LocalError::Loopback { .. })));
}

#[test]
fn own_address_goes_before_loopback_and_foreign_ones() {
    let world = World::new("iscsi1", "iscsi2", "iscsi1");
    world.resolve("iscsi1", &["127.0.1.1", "192.168.99.1", "192.168.10.11"]).assert_is("iscsi1");
}

#[test]
fn address_must_be_of_the_family_of_the_group() {
    let mut world = World::new("iscsi1", "iscsi2", "iscsi1").resolve("iscsi1", OWN);
    world.cluster.ring.transport = Transport::Multicast { group: Some(address("ff15::1")), ttl: 1 };
    assert_eq!(
        world.find().unwrap_err().to_string(),
        "Node address family does not match multicast address family: \
         iscsi1 is 192.168.10.11, the group is ff15::1"
    );
}
