use client::proto::{self, Reason, reply};
use jiff::civil::DateTime;

use self::fake::{Daemon, World, node};
use super::*;

pub(crate) mod fake;
mod votes;

/// What the operator sees: stdout, stderr, exit status.
#[derive(PartialEq, Eq, Debug)]
struct Seen {
    out: String,
    err: String,
    code: u8,
}

impl Seen {
    fn good(out: &str) -> Self {
        Self { out: out.to_owned(), err: String::new(), code: 0 }
    }

    fn bad(err: &str, code: u8) -> Self {
        Self { out: String::new(), err: err.to_owned(), code }
    }
}

fn at(socket: &Path, line: &str) -> Seen {
    let environment = Environment {
        socket: Some(socket.to_owned()),
        zone: Some(TimeZone::UTC),
        ..Environment::default()
    };
    let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = run(&words, &environment, &mut out, &mut err);
    Seen { out: String::from_utf8(out).unwrap(), err: String::from_utf8(err).unwrap(), code }
}

/// Types `line` at a node whose daemon shows this world.
fn type_at(world: World, line: &str) -> Seen {
    let daemon = Daemon::start(world);
    at(daemon.socket(), line)
}

fn seconds(local: &str) -> i64 {
    let local: DateTime = local.parse().unwrap();
    local.to_zoned(TimeZone::UTC).unwrap().timestamp().as_second()
}

/// Two nodes of the article's first listing, both up.
fn two_nodes() -> World {
    let mut world = World::new("iscsi1");
    world.status.generation = 8;
    world.status.members = 2;
    world.status.quorum.as_mut().unwrap().present = 2;
    world.nodes = vec![
        node(1, "iscsi1", Some((4, seconds("2026-11-20 10:34:42")))),
        node(2, "iscsi2", Some((8, seconds("2026-11-20 10:34:49")))),
    ];
    world
}

const STATUS: &str = "\
Version: 6.2.0
Config Version: 5
Cluster Name: iscsicluster
Cluster Id: 46516
Cluster Member: Yes
Cluster Generation: 8
Membership state: Cluster-Member
Nodes: 2
Expected votes: 1
Total votes: 2
Node votes: 1
Quorum: 1  
Active subsystems: 1
Flags: 2node 
Ports Bound: 0  
Node name: iscsi1
Node ID: 1
Multicast addresses: 239.192.181.106 
Node addresses: 192.168.10.11 
";

#[test]
fn status_of_two_nodes_is_what_the_reference_prints() {
    assert_eq!(type_at(two_nodes(), "status"), Seen::good(STATUS));
}

#[test]
fn status_without_quorum_says_that_activity_is_blocked() {
    let mut world = two_nodes();
    world.status.two_node = false;
    let quorum = world.status.quorum.as_mut().unwrap();
    (quorum.quorate, quorum.needed) = (false, 2);
    let seen = type_at(world, "status");
    assert!(seen.out.contains("\nQuorum: 2 Activity blocked\n"), "{}", seen.out);
    assert!(seen.out.contains("\nFlags: \n"), "{}", seen.out);
}

#[test]
fn status_as_json_says_the_same_in_the_same_order() {
    let expected = concat!(
        r#"{"version":"6.2.0","config_version":5,"cluster_name":"iscsicluster","#,
        r#""cluster_id":46516,"cluster_member":true,"cluster_generation":8,"#,
        r#""membership_state":"Cluster-Member","nodes":2,"expected_votes":1,"#,
        r#""quorum_device_votes":0,"total_votes":2,"#,
        r#""node_votes":1,"quorum":{"needed":1,"quorate":true,"why":"two-node"},"#,
        r#""active_subsystems":1,"flags":["2node"],"ports_bound":[0],"node_name":"iscsi1","#,
        r#""node_id":1,"multicast_addresses":["239.192.181.106"],"#,
        r#""node_addresses":["192.168.10.11"],"disallowed_nodes":[],"#,
        r#""origins":[{"path":"cluster.logging.debug","value":"on","from":"local.conf:2"}]}"#,
        "\n",
    );
    let mut world = two_nodes();
    let [path, value, from] = ["cluster.logging.debug", "on", "local.conf:2"].map(str::to_owned);
    world.status.origins = vec![proto::Origin { path, value, from }];
    assert_eq!(type_at(world, "status --json"), Seen::good(expected));
}

#[test]
fn status_of_the_ring_tells_every_counter_whatever_its_name() {
    let mut world = two_nodes();
    let counter = |(name, value): (&str, u64)| proto::Counter { name: name.to_owned(), value };
    world.status.ring_members = vec![1, 2];
    world.status.counters =
        [("frames_sent", 7), ("rotation_nanos", 1_500_042), ("new", 0)].map(counter).to_vec();
    let text = "\
Phase: operational
Ring sequence: 8
Ring members: 1 2
Synchronized: Yes
Frames sent: 7
Rotation: 1.500 ms
New: 0
";
    assert_eq!(type_at(world.clone(), "status --ring"), Seen::good(text));
    let object = concat!(
        r#"{"phase":"operational","ring_sequence":8,"ring_members":[1,2],"synchronized":true,"#,
        r#""counters":{"frames_sent":7,"rotation_nanos":1500042,"new":0}}"#,
        "\n",
    );
    assert_eq!(type_at(world, "status --ring --json"), Seen::good(object));
}

#[test]
fn nodes_are_a_table_with_local_times() {
    let table = "\
Node  Sts   Inc   Joined               Name
   1   M      4   2026-11-20 10:34:42  iscsi1
   2   M      8   2026-11-20 10:34:49  iscsi2
";
    assert_eq!(type_at(two_nodes(), "nodes"), Seen::good(table));
}

#[test]
fn nodes_that_are_gone_or_never_came_have_no_time() {
    let mut world = two_nodes();
    world.nodes[1] = node(2, "iscsi2", None);
    world.nodes[1].incarnation = 16;
    world.nodes.push(node(3, "iscsi3", None));
    let table = "\
Node  Sts   Inc   Joined               Name
   1   M      4   2026-11-20 10:34:42  iscsi1
   2   X     16                        iscsi2
   3   X      0                        iscsi3
";
    assert_eq!(type_at(world, "nodes"), Seen::good(table));
}

#[test]
fn addresses_stand_beneath_their_node() {
    let table = "\
Node  Sts   Inc   Joined               Name
   1   M      4   2026-11-20 10:34:42  iscsi1
       Addresses: 192.168.10.11 
   2   M      8   2026-11-20 10:34:49  iscsi2
       Addresses: 192.168.10.12 
";
    assert_eq!(type_at(two_nodes(), "nodes -a"), Seen::good(table));
}

#[test]
fn nodes_are_chosen_by_name_and_unknown_names_choose_none() {
    let header = "Node  Sts   Inc   Joined               Name\n";
    let row = "   2   M      8   2026-11-20 10:34:49  iscsi2\n";
    let expected = format!("{header}{row}");
    assert_eq!(type_at(two_nodes(), "nodes -n iscsi2"), Seen::good(&expected));
    assert_eq!(type_at(two_nodes(), "nodes -n nosuch"), Seen::good(header));
}

#[test]
fn fields_are_printed_as_asked_and_unknown_ones_skipped() {
    let fields = |line, expected| assert_eq!(type_at(two_nodes(), line), Seen::good(expected));
    fields("nodes -F id,type,name", "1 M iscsi1 \n2 M iscsi2 \n");
    fields("nodes -F id,type,name,addr", "1 M iscsi1 192.168.10.11 \n2 M iscsi2 192.168.10.12 \n");
    fields("-F id,bogus,name nodes", "1 iscsi1 \n2 iscsi2 \n");
    fields("nodes -F addr -n iscsi2", "192.168.10.12 \n");
    fields("nodes -F votes,exp,state -n iscsi1", "1 1 Member \n");
}

#[test]
fn nodes_as_json_carry_every_field() {
    let seen = type_at(two_nodes(), "nodes -n iscsi2 --json");
    let expected = concat!(
        r#"{"nodes":[{"id":2,"name":"iscsi2","type":"M","state":"Member","incarnation":8,"#,
        r#""joined":1795170889,"votes":1,"expected_votes":1,"addresses":["192.168.10.12"]}]}"#,
        "\n",
    );
    assert_eq!(seen, Seen::good(expected));
}

#[test]
fn version_and_services_are_short() {
    assert_eq!(type_at(two_nodes(), "version"), Seen::good("6.2.0 config 5\n"));
    let json = "{\"version\":\"6.2.0\",\"config_version\":5}\n";
    assert_eq!(type_at(two_nodes(), "version --json"), Seen::good(json));
    assert_eq!(type_at(two_nodes(), "services"), Seen::good(""));
    assert_eq!(type_at(two_nodes(), "services --json"), Seen::good("{\"services\":[]}\n"));
}

#[test]
fn wait_ends_at_once_when_there_is_nothing_to_wait_for() {
    for line in ["wait -q", "wait -q -t 3", "wait", "wait -n iscsi9 -t 2", "wait -n iscsi2"] {
        assert_eq!(type_at(two_nodes(), line), Seen::good(""), "{line}");
    }
    assert_eq!(type_at(two_nodes(), "wait --json"), Seen::good("{\"quorate\":true}\n"));
}

#[test]
fn wait_for_quorum_ends_when_the_daemon_tells_of_it() {
    let mut world = two_nodes();
    world.changes.push_back(world.status.clone());
    world.status.quorum.as_mut().unwrap().quorate = false;
    world.changes.push_front(world.status.clone());
    assert_eq!(type_at(world, "wait -q -t 60"), Seen::good(""));
}

#[test]
fn wait_for_quorum_ends_on_time() {
    let mut world = two_nodes();
    world.status.quorum.as_mut().unwrap().quorate = false;
    let begin = Instant::now();
    let seen = type_at(world, "wait -q -t 1");
    assert_eq!(seen, Seen::bad("Timed-out waiting for cluster\n", 2));
    let took = begin.elapsed();
    assert!(took >= Duration::from_secs(1), "{took:?}");
}

#[test]
fn leave_says_how_and_returns_when_the_daemon_is_gone() {
    for (line, how) in [
        ("leave", (false, false)),
        ("leave remove", (true, false)),
        ("leave force -w -t 30", (false, true)),
    ] {
        let daemon = Daemon::start(two_nodes());
        assert_eq!(at(daemon.socket(), line), Seen::good(""), "{line}");
        assert_eq!(daemon.world().left, Some(how), "{line}");
    }
    let json = "{\"left\":true}\n";
    assert_eq!(type_at(two_nodes(), "leave --json"), Seen::good(json));
}

#[test]
fn leave_that_is_refused_says_why_and_with_w_asks_again() {
    let mut busy = two_nodes();
    busy.busy = 1;
    let seen = type_at(busy.clone(), "leave");
    let text = "cman_tool: Error leaving cluster: Device or resource busy\n";
    assert_eq!(seen, Seen::bad(text, 1));
    assert_eq!(type_at(busy, "leave -w -t 30"), Seen::good(""));
}

#[test]
fn node_that_is_up_is_not_joined_again() {
    let text = "cman_tool: Node is already active\n";
    assert_eq!(type_at(two_nodes(), "-w join -t 30"), Seen::bad(text, 1));
}

#[test]
fn without_a_daemon_every_question_gets_the_same_answer() {
    let socket = Path::new("/nonexistent/clusterd.sock");
    let text = "cman_tool: Cannot open connection to cman, is it running ?\n";
    for line in ["status", "nodes", "version", "wait -t 2", "wait -q -t 2", "leave"] {
        assert_eq!(at(socket, line), Seen::bad(text, 1), "{line}");
    }
    let seen = at(socket, "status --json");
    let json = "{\"error\":\"Cannot open connection to cman, is it running ?\"}\n";
    assert_eq!((seen.out.as_str(), seen.err.as_str(), seen.code), (json, text, 1));
}

#[test]
fn words_that_do_nothing_yet_say_so() {}

#[test]
fn kill_goes_on_after_names_that_nobody_knows_and_ends_well() {
    let daemon = Daemon::start(two_nodes());
    let seen = at(daemon.socket(), "kill -n nosuch -n iscsi2");
    let text = "Can't kill node nosuch : No such file or directory\n";
    assert_eq!(seen, Seen { err: text.to_owned(), ..Seen::good("") });
    assert_eq!(daemon.world().killed, [2]);
    let mut gone = two_nodes();
    gone.nodes[1] = node(2, "iscsi2", None);
    let seen = type_at(gone, "kill -n iscsi2 --json");
    let json =
        concat!(r#"{"killed":[],"spared":[{"name":"iscsi2","error":"Invalid argument"}]}"#, "\n",);
    let text = "Can't kill node iscsi2 : Invalid argument\n";
    assert_eq!(seen, Seen { err: text.to_owned(), ..Seen::good(json) });
    let text = "cman_tool: No node name specified\n";
    assert_eq!(type_at(two_nodes(), "kill"), Seen::bad(text, 1));
}

#[test]
fn debugging_is_turned_on_and_off_without_a_word() {
    for (line, on) in
        [("debug -d", true), ("debug -d5", true), ("debug -d0", false), ("debug", false)]
    {
        let daemon = Daemon::start(two_nodes());
        assert_eq!(at(daemon.socket(), line), Seen::good(""), "{line}");
        assert_eq!(daemon.world().debug, Some(on), "{line}");
    }
}

#[test]
fn ports_on_which_programs_listen_are_listed_after_the_one_that_is_always_bound() {
    let mut world = two_nodes();
    world.status.ports = vec![11, 177];
    let daemon = Daemon::start(world);
    let seen = at(daemon.socket(), "status");
    assert!(seen.out.contains("\nPorts Bound: 0 11 177  \n"), "{}", seen.out);
    let seen = at(daemon.socket(), "status --json");
    assert!(seen.out.contains("\"ports_bound\":[0,11,177]"), "{}", seen.out);
}

#[test]
fn nodes_that_are_kept_out_are_marked_and_counted() {
    let mut world = two_nodes();
    world.status.disallowed = true;
    world.status.has_state = true;
    world.status.shutdown = true;
    world.status.disallowed_nodes = vec!["iscsi2".to_owned(), "iscsi3".to_owned()];
    world.nodes[1] = node(2, "iscsi2", None);
    world.nodes[1].state = proto::NodeState::Disallowed.into();
    let table = "\
NOTE: There are 1 disallowed nodes,
      members list may seem inconsistent across the cluster
Node  Sts   Inc   Joined               Name
   1   M      4   2026-11-20 10:34:42  iscsi1
   2   d      0                        iscsi2
";
    assert_eq!(type_at(world.clone(), "nodes"), Seen::good(table));
    let seen = type_at(world, "status").out;
    let flags = "\nFlags: 2node Shutdown DisallowedNodes DisallowedEnabled HaveState \n";
    assert!(seen.contains(flags), "{seen}");
    assert!(seen.ends_with("Node addresses: 192.168.10.11 \nDisallowed nodes: iscsi2 iscsi3 \n"));
}

#[test]
fn a_last_good_copy_is_a_line_and_a_key_more() {
    let mut world = two_nodes();
    let plain = type_at(world.clone(), "status").out;
    world.status.copy = "ldap://a: cannot connect".to_owned();
    let seen = type_at(world.clone(), "status").out;
    let more = "Configuration: last good copy (ldap://a: cannot connect)\n";
    assert_eq!(seen, format!("{plain}{more}"));
    let seen = type_at(world, "status --json").out;
    assert!(seen.ends_with(",\"last_good_copy\":\"ldap://a: cannot connect\"}\n"), "{seen}");
}

#[test]
fn daemon_that_cannot_be_started_is_named() {
    let mut environment = Environment {
        socket: Some("/nonexistent/clusterd.sock".into()),
        clusterd: Some("/nonexistent/clusterd".into()),
        config: Some("/dev/null".into()),
        ..Environment::default()
    };
    let join = |line: &str, environment: &Environment| {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let code = run(&words, environment, &mut out, &mut err);
        let [out, err] = [out, err].map(|text| String::from_utf8(text).unwrap());
        Seen { out, err, code }
    };
    let seen = join("join", &environment);
    let start = "cman_tool: cannot start /nonexistent/clusterd: No such file";
    assert!(seen.err.starts_with(start), "{seen:?}");
    assert_eq!(seen.code, 1);
    environment.clusterd = Some("/bin/false".into());
    let died = "corosync died: Error, reason code is 1\n";
    assert_eq!(join("join", &environment), Seen::bad(died, 1));
    // Without a file nothing is started, unless nobody is to look.
    environment.config = Some("/nonexistent/cluster.conf".into());
    let refused = "I/O warning : failed to load external entity \"/nonexistent/cluster.conf\"\n\
                   Unable to get the configuration\n\
                   cman_tool: Not joining, configuration is not valid\n\n";
    let expected = Seen { out: "\n".to_owned(), ..Seen::bad(refused, 1) };
    assert_eq!(join("join", &environment), expected);
    for line in ["join -Dnone", "join -X"] {
        assert_eq!(join(line, &environment), Seen::bad(died, 1));
    }
}

#[test]
fn socket_is_the_nearest_that_was_named() {
    let all = Environment {
        socket: Some("/env/socket".into()),
        run_dir: Some("/env/dir".into()),
        ..Environment::default()
    };
    let dir = Environment { socket: None, ..all.clone() };
    let socket = |line: &str, environment: &Environment| {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        match options::parse(&words) {
            Ok(Parsed::Run(options)) => Context::new(&options, environment).socket,
            other => panic!("{other:?}"),
        }
    };
    let path = |text: &str| PathBuf::from(text);
    let both = "status --run-dir /typed --socket /s";
    assert_eq!(socket(both, &all), path("/s"));
    assert_eq!(socket("status --run-dir /typed", &all), path("/typed/clusterd.sock"));
    assert_eq!(socket("status", &all), path("/env/socket"));
    assert_eq!(socket("status", &dir), path("/env/dir/clusterd.sock"));
    assert_eq!(socket("status", &Environment::default()), path("/run/cluster/clusterd.sock"));
}

#[test]
fn usage_goes_to_stdout() {
    assert_eq!(type_at(two_nodes(), "-h"), Seen::good(options::USAGE));
    let version = format!("cman_tool {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(type_at(two_nodes(), "-V"), Seen::good(&version));
}

fn answering(what: reply::What) -> World {
    World { reloaded: Some(what), ..two_nodes() }
}

fn refusing(reason: Reason, text: &str) -> World {
    answering(reply::What::Refused(proto::Refused { reason: reason.into(), text: text.to_owned() }))
}

#[test]
fn a_new_version_says_nothing_when_all_is_well() {
    let reloaded = proto::Reloaded { version: 6, ..proto::Reloaded::default() };
    let world = answering(reply::What::Reloaded(reloaded));
    for line in ["version -r", "version -r 6", "version -r6 -S", "version -S -Dnone -r 6"] {
        assert_eq!(type_at(world.clone(), line), Seen::good(""), "{line}");
    }
    let json = "{\"reloaded\":true,\"config_version\":6,\"warnings\":[],\"unwritten\":null,\
                \"difference\":null}\n";
    assert_eq!(type_at(world, "version -r 6 --json"), Seen::good(json));
}

#[test]
fn the_number_is_passed_on_and_a_dry_run_shows_what_would_change() {
    let difference = proto::Difference {
        text: "configuration version 5 -> 6\n".to_owned(),
        json: "{\"from_version\":5}".to_owned(),
    };
    let reloaded =
        proto::Reloaded { version: 6, difference: Some(difference), ..proto::Reloaded::default() };
    let daemon = Daemon::start(answering(reply::What::Reloaded(reloaded)));
    let seen = at(daemon.socket(), "version --dry-run -r 7");
    assert_eq!(seen, Seen::good("configuration version 5 -> 6\n"));
    assert_eq!(daemon.world().asked, Some(proto::Reload { least: 7, dry_run: true }));
    let seen = at(daemon.socket(), "version -r --dry-run --json");
    assert!(seen.out.contains("\"difference\":{\"from_version\":5}"), "{seen:?}");
    assert_eq!(daemon.world().asked, Some(proto::Reload { least: 0, dry_run: true }));
}

#[test]
fn a_file_that_is_wrong_is_refused_as_ever() {
    let world = refusing(Reason::InvalidConfiguration, "cluster.conf:3: a\ncluster.conf:4: b");
    let text = "cluster.conf:3: a\ncluster.conf:4: b\nUnable to get the configuration\n\
                cman_tool: Not reloading, configuration is not valid\n\n";
    assert_eq!(type_at(world, "version -r 6"), Seen::bad(text, 1));
    let text = "cman_tool: node 3 refuses: no room\n";
    let world = refusing(Reason::NotReloaded, "node 3 refuses: no room");
    assert_eq!(type_at(world, "version -r 6"), Seen::bad(text, 1));
}

#[test]
fn a_bad_number_or_validation_is_named() {
    let text = "cman_tool: argument to r (7x) is not an integer\n";
    assert_eq!(type_at(two_nodes(), "version -r 7x"), Seen::bad(text, 1));
    let text = "cman_tool: invalid option to -D, it should be 'force', 'warn' or 'none'\n";
    assert_eq!(type_at(two_nodes(), "version -S -r 9 -Dbogus"), Seen::bad(text, 1));
}
