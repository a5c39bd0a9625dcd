//! Nodes whose configuration is in a directory: a real server, real daemons.
//!
//! Must never let a broken directory do more than be told of: each way to break is tried at a
//! start, with and without a copy, and on a node that runs.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use client::Change;
use tests::lab::{Lab, Ran, Setup};
use tools::ldif::to_ldif;

use super::transcripts::check;
use super::{LISTING1, THREE, figure};
use crate::directory::server::{ADMIN, BASE, PASSWORD, Server};
use crate::directory::tool;

/// The topmost entry, as `Server::set` wants it.
const TOP: &str = "name=cluster";

/// Hosts whose configuration is in the directory and nowhere else.
fn lab(server: &Server, conf: &str, hosts: usize) -> Option<Lab> {
    let setup = Setup::new(conf, hosts).with(&[
        ("CONFIG_LOADER", "ldapconfig"),
        ("COROSYNC_LDAP_URL", &server.url()),
        ("COROSYNC_LDAP_BASEDN", BASE),
        ("COROSYNC_LDAP_TIMEOUT", "1"),
        ("CLUSTER_LOADER_TIMEOUT", "4"),
    ]);
    let lab = Lab::new(&setup)?;
    for host in 0..hosts {
        fs::remove_file(lab.home(host).config()).expect("the directory is ours");
    }
    Some(lab)
}

/// A server with this configuration.
fn server(name: &str, conf: &str) -> Option<Server> {
    server_with(name, conf, "referral ldap://elsewhere.example")
}

/// The same, with more lines in its own configuration.
fn server_with(name: &str, conf: &str, more: &str) -> Option<Server> {
    tests::lab::programs()?;
    let server = Server::start(&format!("live-{name}"), more)?;
    let file = server.file("cluster.conf");
    fs::write(&file, conf).expect("it can be written");
    server.add(&tool(to_ldif, &[BASE, "--from", &file]));
    Some(server)
}

/// So many nodes, and more in `<cman>`.
fn conf(nodes: usize, cman: &str) -> String {
    let node = |n: usize| format!("<clusternode name=\"iscsi{n}\" nodeid=\"{n}\"/>");
    let nodes: String = (1..=nodes).map(node).collect();
    format!(
        "<cluster name=\"some\" config_version=\"5\"><cman {cman}/><totem token=\"1000\"/>\
         <clusternodes>{nodes}</clusternodes></cluster>"
    )
}

fn version(lab: &Lab, host: usize) -> String {
    lab.run(host, "cman_tool version").stdout
}

/// Waits until all these are told that a version is in force.
fn in_force(lab: &Lab, hosts: &[usize], version: u64, change: impl FnOnce()) {
    let mut watching: Vec<_> =
        hosts.iter().map(|&host| lab.connect(host).expect("it runs")).collect();
    watching.iter_mut().for_each(|daemon| daemon.watch(true).expect("everybody may"));
    change();
    let end = Some(Instant::now() + Duration::from_secs(30));
    for daemon in &mut watching {
        while daemon.change(end).expect("it lives").expect("it is told")
            != Change::ConfigUpdate(version)
        {}
    }
}

/// How often a line stands in the log of a host.
fn count(lab: &Lab, host: usize, text: &str) -> usize {
    lab.whole_log(host).lines().filter(|line| line.contains(text)).count()
}

#[test]
fn two_nodes_from_a_directory_read_as_ever() {
    let Some(server) = server("two", LISTING1) else { return };
    let Some(mut lab) = lab(&server, LISTING1, 2) else { return };
    lab.start_all();
    check(&mut lab, include_str!("two-nodes.txt"));
    for host in 0..2 {
        let copy = lab.home(host).dir().join("lib/cluster.conf");
        let mode = copy.metadata().expect("it is kept").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "it holds passwords");
        assert!(!lab.home(host).config().exists(), "nobody makes a file");
    }
}

#[test]
fn three_and_five_nodes_start_over_tcp_and_with_a_password() {
    for nodes in [3, 5] {
        let Some(server) = server(&format!("tcp-{nodes}"), &conf(nodes, "")) else { return };
        let Some(lab) = lab(&server, "", nodes) else { return };
        // A second server on the same content, in the network of the first host; the lab ends it.
        let listen = "ldap://192.168.10.11";
        let ran = lab.run(0, &format!("slapd -f {} -h {listen}", server.file("slapd.conf")));
        assert_eq!(ran.code, Some(0), "{ran:?}");
        // It goes to the background before it listens, and says nowhere that it does.
        let end = Instant::now() + Duration::from_secs(30);
        while lab.run(0, &format!("ldapsearch -x -H {listen} -s base -b ''")).code != Some(0) {
            assert!(Instant::now() < end, "slapd does not serve at {listen}");
        }
        let password = server.file("password");
        fs::write(&password, PASSWORD).expect("it can be written");
        for host in 0..nodes {
            let said = format!(
                "export COROSYNC_LDAP_URL='{listen}' COROSYNC_LDAP_BINDDN={ADMIN} \
                 COROSYNC_LDAP_BINDPWD_FILE={password}; env -u CONFIG_LOADER \
                 cman_tool join -C ldapconfig"
            );
            let ran = lab.run(host, &said);
            assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{}", lab.log(host));
        }
        lab.agree(&(0..nodes).collect::<Vec<_>>());
        let status = lab.run(nodes - 1, "cman_tool status").stdout;
        assert!(status.contains("Config Version: 5\nCluster Name: some\n"), "{status}");
        assert!(status.contains(&format!("\nNodes: {nodes}\n")), "{status}");
        assert!(!status.contains("copy"), "{status}");
        for host in 0..nodes {
            assert_eq!(lab.run(host, "cman_tool leave").code, Some(0));
        }
    }
}

/// A server that answers as `serve` does; its URL. It ends with the process.
fn fake(dir: &Path, name: &str, serve: fn(UnixStream, &Path)) -> String {
    let path = dir.join(name);
    let listener = UnixListener::bind(&path).expect("the directory is ours");
    let real = dir.join("sock");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let real = real.clone();
            thread::spawn(move || serve(stream, &real));
        }
    });
    format!("ldapi://{}", path.display().to_string().replace('/', "%2F"))
}

/// Accepts and never answers.
fn hang(mut stream: UnixStream, _real: &Path) {
    let mut content = Vec::new();
    let _ = stream.read_to_end(&mut content);
}

/// Answers nonsense.
fn babble(mut stream: UnixStream, _real: &Path) {
    let _ = stream.read(&mut [0; 64]);
    let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
}

/// Announces an answer of two gigabytes, and sends it.
fn flood(mut stream: UnixStream, _real: &Path) {
    let _ = stream.read(&mut [0; 64]);
    let _ = stream.write_all(&[0x30, 0x84, 0x7f, 0xff, 0xff, 0xf0]);
    while stream.write_all(&[0; 1 << 16]).is_ok() {}
}

/// Answers as the real one, a few bytes at a time.
fn dawdle(stream: UnixStream, real: &Path) {
    let real = UnixStream::connect(real).expect("it serves");
    let (mut asked, mut answers) =
        (stream.try_clone().expect("room"), real.try_clone().expect("room"));
    let mut ask = real;
    thread::spawn(move || std::io::copy(&mut asked, &mut ask));
    let mut stream = stream;
    let mut bytes = [0; 512];
    // Nobody sends: what passes is time.
    let (_nobody, never) = std::sync::mpsc::channel::<()>();
    while let Ok(size @ 1..) = answers.read(&mut bytes) {
        let _ = never.recv_timeout(Duration::from_millis(20));
        if stream.write_all(&bytes[..size]).is_err() {
            return;
        }
    }
}

/// Ways in which a directory does not give a configuration: variables that lead there, and what is
/// said about it.
fn failures(server: &Server) -> Vec<(String, &'static str)> {
    let url = |url: &str| format!("COROSYNC_LDAP_URL='{url}'");
    let dir = &server.dir;
    let password = server.file("wrong");
    fs::write(&password, "wrong\n").expect("it can be written");
    vec![
        (url("ldap://127.0.0.1:1"), "cannot connect: Connection refused"),
        (url(&fake(dir, "hangs", hang)), "cannot search: no answer within 1s"),
        (url(&fake(dir, "babbles", babble)), "cannot search: "),
        (
            format!("COROSYNC_LDAP_BINDDN={ADMIN} COROSYNC_LDAP_BINDPWD_FILE={password}"),
            "wrong name or password (49)",
        ),
        ("COROSYNC_LDAP_BASEDN=dc=example".to_owned(), "ask ldap://elsewhere.example"),
        (format!("COROSYNC_LDAP_BASEDN=ou=no,{BASE}"), "there is no entry name=cluster,ou=no"),
        (
            format!(
                "{} COROSYNC_LDAP_TIMEOUT=60",
                url(&fake(dir, "hangs longer", hang).replace(' ', "%20"))
            ),
            "the directory does not answer within 4s",
        ),
    ]
}

#[test]
fn a_directory_without_an_answer_is_told_of_at_the_start_and_the_copy_is_taken() {
    let Some(server) = server("start", LISTING1) else { return };
    let Some(lab) = lab(&server, LISTING1, 1) else { return };
    let failures = failures(&server);
    for (variables, why) in &failures {
        let ran = lab.run(0, &format!("{variables} clusterd"));
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(8), ""), "{variables}: {ran:?}");
        assert!(ran.stderr.contains(why), "{variables}: {ran:?}");
        let last = ran.stderr.lines().last().expect("two lines at least");
        assert!(last.starts_with("clusterd: there is no copy to start from, "), "{ran:?}");
        let joined = lab.run(0, &format!("{variables} cman_tool join"));
        assert!(joined.code == Some(1) && joined.stderr.contains(why), "{variables}: {joined:?}");
    }
    // What this host says about the directory makes no sense: a copy is no help.
    let nonsense = lab.run(0, "COROSYNC_LDAP_URL=http://x clusterd");
    assert_eq!(nonsense.code, Some(8), "{nonsense:?}");
    assert!(nonsense.stderr.starts_with("clusterd: server \"http://x\": expected"), "{nonsense:?}");
    // Cut off by its memory or by its time, whichever comes first.
    let flood = fake(&server.dir, "floods", flood);
    let drowned = lab.run(0, &format!("COROSYNC_LDAP_URL='{flood}' clusterd"));
    assert_eq!(drowned.code, Some(8), "{drowned:?}");
    let cut_off = ["the program that asks the directory ended: signal", "no answer within 1s"];
    assert!(cut_off.iter().any(|why| drowned.stderr.contains(why)), "{drowned:?}");
    // The next server is asked all the same, also after one that would take all the time.
    let (hangs, good) = (fake(&server.dir, "hangs on", hang), server.url());
    let hangs = hangs.replace(' ', "%20");
    let all = format!("export COROSYNC_LDAP_URL='{flood} {hangs} {good}' COROSYNC_LDAP_TIMEOUT=60");
    let once = "cman_tool join && cman_tool status && cman_tool leave";
    let ran = lab.run(0, &format!("{all} CLUSTER_LOADER_TIMEOUT=12; {once}"));
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran:?}\n{}", lab.log(0));
    assert!(!ran.stdout.contains("copy"), "{ran:?}");
    fs::remove_file(lab.home(0).dir().join("lib/cluster.conf")).expect("it was just kept");
    let slow = fake(&server.dir, "dawdles", dawdle);
    let good = lab.run(0, &format!("export COROSYNC_LDAP_URL='{slow}'; {once}"));
    assert_eq!((good.code, good.stderr.as_str()), (Some(0), ""), "{good:?}\n{}", lab.log(0));
    assert!(good.stdout.ends_with("Node addresses: 192.168.10.11 \n"), "{good:?}");
    for (variables, why) in &failures {
        let Ran { code, stdout, .. } = lab.run(0, &format!("export {variables}; {once}"));
        assert_eq!(code, Some(0), "{variables}: {stdout}");
        assert!(stdout.contains("Config Version: 5\n"), "{stdout}");
        let line = stdout.lines().last().expect("it is a status");
        assert!(line.starts_with("Configuration: last good copy ("), "{variables}: {stdout}");
        assert!(line.contains(why), "{variables}: {line}");
    }
}

#[test]
fn a_node_that_started_from_its_copy_looks_until_the_directory_is_back() {
    let text = conf(2, "two_node=\"1\" expected_votes=\"1\" ldap_watch_interval=\"1\"");
    let Some(mut server) = server("copy", &text) else { return };
    let Some(mut lab) = lab(&server, "", 2) else { return };
    lab.start_all();
    assert_eq!(lab.run(1, "cman_tool leave").code, Some(0));
    server.stop();
    lab.start(1, &[]);
    lab.agree(&[0, 1]);
    let status = lab.run(1, "cman_tool status").stdout;
    assert!(status.contains("\nConfiguration: last good copy (ldapi://"), "{status}");
    assert!(status.contains("\nNodes: 2\n"), "{status}");
    let copy = "starting with the last good copy of the configuration";
    lab.logged(1, copy);
    assert_eq!(count(&lab, 1, copy), 1);
    server.resume();
    lab.logged(1, "the directory answers, with version 5 that is in force");
    let status = lab.run(1, "cman_tool status").stdout;
    assert!(!status.contains("copy"), "{status}");
    // An old directory does not take the cluster back.
    server.set(TOP, "rhcsConfig-version", "6");
    assert_eq!(lab.run(0, "cman_tool version -r").code, Some(0), "{}", lab.log(0));
    lab.go_by(&[0, 1], 6);
    let copy = lab.home(1).dir().join("lib/cluster.conf");
    lab.written(1, &copy, |text| text.contains("config_version=\"6\""));
    assert_eq!(lab.run(1, "cman_tool leave").code, Some(0));
    server.set(TOP, "rhcsConfig-version", "5");
    lab.start(1, &[]);
    lab.agree(&[0, 1]);
    let status = lab.run(1, "cman_tool status").stdout;
    assert!(status.contains("Config Version: 6\n"), "{status}");
    assert!(status.contains("the directory has version 5 only, this node went by 6"), "{status}");
}

#[test]
fn an_operator_has_all_go_by_what_the_directory_has() {
    let Some(mut server) = server("operator", THREE) else { return };
    let Some(mut lab) = lab(&server, THREE, 3) else { return };
    lab.start_all();
    let same = lab.run(2, "cman_tool version -r");
    assert_eq!(same.code, Some(1));
    assert!(same.stderr.contains("has version 5, the cluster runs with 5"), "{same:?}");
    let written = lab.run(0, "corosync-objctl -w cluster.rm.log_level=7");
    let why = "corosync-objctl: cluster.rm comes from a directory: change it there";
    assert!(written.code == Some(1) && written.stderr.starts_with(why), "{written:?}");
    server.set(TOP, "rhcsConfig-version", "6");
    let dry = lab.run(2, "cman_tool version -r --dry-run");
    assert!(dry.stdout.starts_with("configuration version 5 -> 6\n"), "{dry:?}");
    let late = lab.run(2, "cman_tool version -r 7");
    assert!(late.stderr.contains("the configuration has version 6, 7 is wanted"), "{late:?}");
    in_force(&lab, &[0, 1, 2], 6, || {
        let ran = lab.run(1, "cman_tool version -r 6");
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{}", lab.log(1));
    });
    for host in 0..3 {
        assert_eq!(version(&lab, host), "6.2.0 config 6\n");
        let old = lab.home(host).dir().join("lib/cluster.conf.5");
        lab.written(host, &old, |text| !text.is_empty());
        let mode = old.metadata().expect("it is kept").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    server.stop();
    let dead = lab.run(1, "cman_tool version -r");
    assert_eq!(dead.code, Some(1));
    assert!(dead.stderr.contains("cannot connect"), "{dead:?}");
    let dump = lab.run(1, "ccs_config_validate");
    assert_ne!(dump.code, Some(0), "{dump:?}");
    server.resume();
    let dump = lab.run(1, "ccs_config_dump");
    assert!(
        dump.stdout.contains("<cluster name=\"iscsicluster\" config_version=\"6\">"),
        "{dump:?}"
    );
    let valid = lab.run(1, "ccs_config_validate");
    assert_eq!((valid.code, valid.stdout.as_str()), (Some(0), "Configuration validates\n"));
}

/// The directory has this version now; how long it takes until all these go by it.
fn raise(lab: &Lab, hosts: &[usize], server: &Server, version: u64) -> Duration {
    let mut began = Instant::now();
    in_force(lab, hosts, version, || {
        began = Instant::now();
        server.set("cn=totem,name=cluster", "rhcsToken", &(1000 + version).to_string());
        server.set(TOP, "rhcsConfig-version", &version.to_string());
    });
    let took = began.elapsed();
    for &host in hosts {
        // The log is written a little later than programs are told.
        let said = format!("config version {} -> {version}, by node {}", version - 1, hosts[0] + 1);
        lab.logged(host, &said);
        assert_eq!(count(lab, host, &said), 1, "{}", lab.log(host));
        let proposed = format!("config version {version} is proposed by");
        assert_eq!(count(lab, host, &proposed), 1, "once, not once per node");
        assert_eq!(self::version(lab, host), format!("6.2.0 config {version}\n"));
    }
    took
}

#[test]
fn a_raised_version_reaches_all_nodes_once() {
    let text = conf(3, "ldap_watch=\"yes\" ldap_watch_interval=\"1\"");
    let Some(server) = server("watch", &text) else { return };
    let Some(mut lab) = lab(&server, "", 3) else { return };
    lab.start_all();
    let first = raise(&lab, &[0, 1, 2], &server, 6);
    // Who asked is gone: another one does.
    let mut watch = lab.watch(1);
    lab.kill(0);
    watch.lost(0);
    lab.agree(&[1, 2]);
    let second = raise(&lab, &[1, 2], &server, 7);
    lab.start(0, &[]);
    lab.agree(&[0, 1, 2]);
    assert_eq!(version(&lab, 0), "6.2.0 config 7\n");
    figure("a version in the directory is in force (looks every 1 s)", &[first, second]);
}

#[test]
fn a_server_that_tells_of_changes_is_heard_at_once() {
    let text = conf(3, "ldap_watch=\"yes\" ldap_watch_interval=\"20\"");
    let tells = "moduleload syncprov\nAFTER\noverlay syncprov";
    let Some(server) = server_with("tells", &text, tells) else { return };
    let Some(mut lab) = lab(&server, "", 3) else { return };
    lab.start_all();
    // From the first look on.
    raise(&lab, &[0, 1, 2], &server, 6);
    let told: Vec<_> = (7..10).map(|version| raise(&lab, &[0, 1, 2], &server, version)).collect();
    figure("a version in the directory is in force (told of)", &told);
    assert!(told.iter().all(|took| *took < Duration::from_secs(6)), "{told:?}\n{}", lab.log(0));
}

#[test]
fn who_cannot_reach_the_directory_lets_the_next_look() {
    let text = conf(3, "ldap_watch=\"yes\" ldap_watch_interval=\"1\"");
    let Some(server) = server("next", &text) else { return };
    let Some(lab) = lab(&server, "", 3) else { return };
    let way = server.dir.join("way");
    let open = || symlink(server.dir.join("sock"), &way).expect("it is ours");
    open();
    let url = format!("ldapi://{}", way.display().to_string().replace('/', "%2F"));
    for (host, said) in
        [format!("export COROSYNC_LDAP_URL='{url}'; "), String::new(), String::new()]
            .into_iter()
            .enumerate()
    {
        let ran = lab.run(host, &format!("{said}cman_tool join"));
        assert_eq!(ran.code, Some(0), "{ran:?}");
    }
    lab.agree(&[0, 1, 2]);
    fs::remove_file(&way).expect("it is there");
    in_force(&lab, &[0, 1, 2], 6, || server.set(TOP, "rhcsConfig-version", "6"));
    for host in 0..3 {
        lab.logged(host, "config version 5 -> 6, by node 2");
        assert_eq!(count(&lab, host, "config version 6 is proposed by"), 1, "{}", lab.log(host));
    }
    assert_eq!(count(&lab, 0, "the directory gives no configuration"), 1, "{}", lab.log(0));
    open();
    lab.logged(0, "the directory answers, with version 6 that is in force");
    in_force(&lab, &[0, 1, 2], 7, || server.set(TOP, "rhcsConfig-version", "7"));
    lab.logged(2, "config version 6 -> 7, by node 1");
    for host in 0..3 {
        assert_eq!(lab.run(host, "cman_tool leave").code, Some(0));
    }
}

#[test]
fn a_broken_directory_changes_nothing_on_nodes_that_run_and_is_told_of_once() {
    let text = conf(3, "ldap_watch=\"yes\" ldap_watch_interval=\"1\"");
    let Some(mut server) = server("broken", &text) else { return };
    let Some(mut lab) = lab(&server, "", 3) else { return };
    lab.start_all();
    let status = |lab: &Lab| lab.connect(0).expect("it runs").status().expect("it answers");
    let before = status(&lab);
    server.stop();
    lab.logged(0, "the directory gives no configuration: ");
    let socket = server.dir.join("sock");
    let hung = UnixListener::bind(&socket).expect("the server is gone");
    lab.logged(0, "cannot search: no answer within 1s");
    drop(hung);
    fs::remove_file(&socket).expect("it was just made");
    server.resume();
    lab.logged(0, "the directory answers, with version 5 that is in force");
    let node = "name=iscsi2,cn=clusternode,cn=clusternodes,name=cluster";
    // Newer, and no configuration: two nodes of one id.
    server.set(node, "rhcsNodeid", "1");
    server.set(TOP, "rhcsConfig-version", "6");
    lab.logged(0, "nodeid");
    let after = status(&lab);
    assert_eq!(
        (after.generation, after.config_version, after.members),
        (before.generation, 5, 3),
        "nothing has changed"
    );
    assert_eq!(count(&lab, 0, "no answer within 1s"), 1, "{}", lab.log(0));
    // Who looks in its place is told the same, once.
    for host in 1..3 {
        assert!(count(&lab, host, "no answer within 1s") <= 1, "{}", lab.log(host));
    }
}
