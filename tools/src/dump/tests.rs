use super::*;
use crate::cman::tests::fake::{Daemon, World};
use crate::scratch::{LISTING1, Scratch, Seen, environment, typed};

/// As the original printed it.
const LISTING1_DUMPED: &str = r#"<?xml version="1.0"?>
<cluster name="iscsicluster" config_version="5">
	<cman two_node="1" expected_votes="1" nodename="iscsi1" cluster_id="46516"/>
	<clusternodes>
		<clusternode name="iscsi1" votes="1" nodeid="1">
			<fence/>
		</clusternode>
		<clusternode name="iscsi2" votes="1" nodeid="2">
			<fence/>
		</clusternode>
	</clusternodes>
	<fencedevices/>
	<rm/>
</cluster>
"#;

#[track_caller]
fn dumped(text: &str, line: &str) -> Seen {
    let scratch = Scratch::with(text);
    typed(run, &environment(&scratch), line)
}

#[test]
fn listing1_is_dumped_byte_for_byte() {
    let seen = dumped(LISTING1, "");
    assert_eq!(seen, Seen { out: LISTING1_DUMPED.to_owned(), err: String::new(), code: 0 });
}

/// The original prints them raw, and what it prints is no XML then.
#[test]
fn values_are_escaped() {
    let text = LISTING1.replace("<fence/>", "<fence/><altname name=\"a&lt;&quot;b\"/>");
    let seen = dumped(&text, "");
    assert!(seen.out.contains("<altname name=\"a&lt;&quot;b\"/>"), "{seen:?}");
}

#[test]
fn the_tree_is_an_object_with_json() {
    let seen = dumped(LISTING1, "--json");
    let start = "{\"name\":\"cluster\",\
                 \"keys\":{\"name\":\"iscsicluster\",\"config_version\":\"5\"},\
                 \"objects\":[{\"name\":\"cman\",\"keys\":{\"two_node\":\"1\",";
    assert!(seen.out.starts_with(start) && seen.out.ends_with("}\n"), "{seen:?}");
    assert_eq!(seen.out.lines().count(), 1);
}

#[test]
fn what_cannot_be_dumped_is_told_with_255() {
    let scratch = Scratch::new();
    let environment = environment(&scratch);
    let missing = format!(
        "I/O warning : failed to load external entity \"{}\"\n",
        environment.file().display()
    );
    assert_eq!(typed(run, &environment, ""), Seen { out: String::new(), err: missing, code: 255 });
    let seen = dumped(&LISTING1.replace("nodeid=\"2\"", "nodeid=\"1\""), "");
    assert_eq!((seen.out.as_str(), seen.code), ("", 255));
    assert!(seen.err.contains("\"1\" is the id of node iscsi1 already"), "{seen:?}");
    let seen = dumped(LISTING1, "-Z");
    assert_eq!(seen.err, "ccs_config_dump: invalid option -- 'Z'\n");
    assert_eq!(seen.code, 255);
}

#[test]
fn other_loaders_are_those_of_the_environment() {
    let scratch = Scratch::with(LISTING1);
    let mut environment = environment(&scratch);
    environment.loaders = Some("xmlconfig".to_owned());
    let seen = typed(run, &environment, "");
    assert_eq!(seen.out, LISTING1_DUMPED.replace(" nodename=\"iscsi1\" cluster_id=\"46516\"", ""));
    environment.loaders = Some("nosuch:cmanpreconfig".to_owned());
    let seen = typed(run, &environment, "");
    assert_eq!(
        seen.err,
        "loader nosuch is not known: there are xmlconfig, ldapconfig and cmanpreconfig\n"
    );
    assert_eq!(seen.code, 255);
}

#[test]
fn usage_and_version_are_no_failures() {
    assert!(dumped("", "-h").out.starts_with("Usage: ccs_config_dump"));
    assert!(dumped("", "-V").out.starts_with("ccs_config_dump "));
}

/// What is dumped of a daemon on `iscsi1` that goes by this text, beside a file that is no XML.
fn running(text: Option<&str>) -> Seen {
    let scratch = Scratch::with("<cluster");
    let mut world = World::new("iscsi1");
    world.text = text.map(str::to_owned);
    let daemon = Daemon::start(world);
    let environment = Environment { socket: daemon.socket().to_owned(), ..environment(&scratch) };
    typed(run, &environment, "-r")
}

#[test]
fn the_daemon_is_asked_what_it_goes_by() {
    let seen = running(Some(LISTING1));
    assert_eq!(seen, Seen { out: LISTING1_DUMPED.to_owned(), err: String::new(), code: 0 });
}

#[test]
fn a_daemon_that_goes_by_nothing_or_does_not_say_is_a_failure() {
    let failed = |err: &str| Seen { out: String::new(), err: format!("{err}\n"), code: 255 };
    assert_eq!(running(Some("")), failed("node iscsi1 was started without a configuration"));
    assert_eq!(running(None), failed("only root may"));
    let scratch = Scratch::new();
    let socket = scratch.path().join("clusterd.sock");
    let nobody = Environment { socket: socket.clone(), ..environment(&scratch) };
    let why = format!("no daemon answers on {}", socket.display());
    assert_eq!(typed(run, &nobody, "-r"), failed(&why));
}
