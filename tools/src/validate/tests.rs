use super::*;
use crate::cman::tests::fake::{Daemon, World};
use crate::scratch::{LISTING1, Scratch, Seen, environment, typed};

mod reference;

fn seen(out: &str, err: &str, code: u8) -> Seen {
    Seen { out: out.to_owned(), err: err.to_owned(), code }
}

#[track_caller]
fn at(text: &str, line: &str) -> Seen {
    let scratch = Scratch::with(text);
    typed(run, &environment(&scratch), line)
}

const GOOD: &str = "Configuration validates\n";

#[test]
fn a_good_configuration_validates() {
    assert_eq!(at(LISTING1, ""), seen(GOOD, "", 0));
    assert_eq!(at(LISTING1, "foo"), seen(GOOD, "", 0));
    assert_eq!(at(LISTING1, "-q"), seen("", "", 0));
    assert_eq!(at(LISTING1, "-C xmlconfig"), seen(GOOD, "", 0));
}

#[test]
fn every_step_is_told_when_asked() {
    let found = at(LISTING1, "-v");
    let (first, rest) = found.out.split_once('\n').expect("it has lines");
    let name = first.strip_prefix("Creating temporary file: ").expect("it is the first");
    assert!(name.starts_with("tmp.") && name.len() == "tmp.sVld29tbzX".len(), "{name}");
    assert_eq!(
        rest,
        "Config interface set to: xmlconfig:cmanpreconfig\n\
         Configuration stored in temporary file\n\
         Validating..\n\
         Configuration validates\n\
         Validation completed\n"
    );
    assert!(!std::env::temp_dir().join(name).exists(), "it is gone");
}

#[test]
fn options_that_exclude_each_other_are_refused() {
    let refused = |line: &str, text: &str| {
        let err = format!("Error: invalid options. {text}\n");
        assert_eq!(at(LISTING1, line), seen("", &err, 255), "{line}");
    };
    refused("-vq", "-q can not be set together with -v");
    refused("-qv", "-v can not be set together with -q");
    refused("-f a -l b", "-l can not be set together with -f");
    refused("-l a -C b", "-C can not be set together with -l");
    refused("-r -f b", "-f can not be set together with -r");
    refused("-R x", "-R x is not a version");
    for (line, why) in [
        ("-f", "getopt: option requires an argument -- 'f'\n"),
        ("-Z", "getopt: invalid option -- 'Z'\n"),
    ] {
        let found = at(LISTING1, line);
        assert_eq!((found.err.as_str(), found.code), (why, 255));
        assert!(found.out.starts_with("Usage: "), "{found:?}");
    }
}

#[test]
fn what_cannot_be_had_is_told_in_the_words_that_scripts_know() {
    let scratch = Scratch::new();
    let here = environment(&scratch);
    let path = here.file().display().to_string();
    let missing = format!("I/O warning : failed to load external entity \"{path}\"\n");
    let end = "Unable to get the configuration\n";
    assert_eq!(typed(run, &here, ""), seen("\n", &format!("{missing}{end}"), 255));
    assert_eq!(typed(run, &here, "-R 5"), seen("\n", &format!("{missing}{end}"), 253));
    let known = "there are xmlconfig, ldapconfig and cmanpreconfig";
    let err = format!("loader nosuch is not known: {known}\n{end}");
    assert_eq!(typed(run, &here, "-C nosuch"), seen("\n", &err, 255));
    let found = at(&LISTING1.replace("</clusternodes>", ""), "");
    assert_eq!((found.out.as_str(), found.code), ("\n", 255));
    assert!(found.err.contains(":14: Opening and ending tag mismatch: clusternodes line 4"));
    assert!(found.err.ends_with(end), "{found:?}");
    let found = at(&LISTING1.replace("iscsi1", "other"), "");
    assert!(found.err.starts_with("Cannot find node name in cluster.conf"), "{found:?}");
    assert_eq!(found.code, 255);
}

#[test]
fn all_problems_are_told_with_line_and_expectation() {
    let text = LISTING1
        .replace("config_version=\"5\"", "config_version=\"abc\"")
        .replace("two_node=\"1\"", "two_node=\"yes\" bogus=\"1\"")
        .replace("nodeid=\"2\"", "nodeid=\"1\"");
    let scratch = Scratch::with(&text);
    let path = scratch.conf().display().to_string();
    let found = typed(run, &environment(&scratch), &format!("-f {path}"));
    let expected = format!(
        "{path}:2: cluster.config_version: \"abc\" is not a number from 1 to 2147483647\n\
         {path}:3: cluster.cman.two_node: \"yes\" is not 1 or 0\n\
         {path}:3: cluster.cman.bogus: cman has no attribute bogus; it has no effect\n\
         {path}:8: cluster.clusternodes.clusternode[2].nodeid: \"1\" is the id of node iscsi1 \
         already (expected: an id of its own)\n\
         Configuration fails to validate\n"
    );
    assert_eq!(found, seen(&expected, "", 3));
}

#[test]
fn warnings_do_not_disturb_the_verdict() {
    let text = LISTING1.replace("expected_votes=\"1\"", "expected_votes=\"2\"");
    let found = at(&text, "");
    assert_eq!((found.out.as_str(), found.code), (GOOD, 0));
    assert!(found.err.contains(":3: warning: cluster.cman.expected_votes: "), "{found:?}");
    assert_eq!(at(&text, "-q"), seen("", "", 0));
}

#[test]
fn only_a_newer_version_will_do_when_asked() {
    assert_eq!(at(LISTING1, "-R 4"), seen(GOOD, "", 0));
    let why = "Configuration version 5 is not newer than 5\n";
    assert_eq!(at(LISTING1, "-R 5"), seen("", why, 254));
}

#[test]
fn what_was_checked_can_be_kept() {
    let scratch = Scratch::with(LISTING1);
    let here = environment(&scratch);
    let kept = scratch.path().join("kept");
    let line = |options: &str| format!("{options} -t {}", kept.display());
    assert_eq!(typed(run, &here, &line("-q")).code, 0);
    assert!(!kept.exists(), "nobody wanted it");
    assert_eq!(typed(run, &here, &line("-q -n")).code, 0);
    let text = std::fs::read_to_string(&kept).expect("it was kept");
    assert!(text.contains("nodename=\"iscsi1\" cluster_id=\"46516\""), "{text}");
    let refused = typed(run, &here, &line("-q -n"));
    assert_eq!(refused.code, 255);
    assert!(refused.err.contains("exists"), "{refused:?}");
    let copy = format!("{} -f {}", line("-q -n -o"), here.file().display());
    assert_eq!(typed(run, &here, &copy).code, 0);
    assert_eq!(std::fs::read_to_string(&kept).expect("it was kept"), LISTING1);
}

#[test]
fn everything_is_an_object_with_json() {
    let found = at(&LISTING1.replace("nodeid=\"2\"", "nodeid=\"x\""), "--json");
    let object: serde_json::Value = serde_json::from_str(&found.out).expect("it is one object");
    assert_eq!((object["valid"].as_bool(), found.code), (Some(false), 3));
    assert_eq!(object["config_version"], 5);
    let problem = &object["problems"][0];
    assert_eq!(problem["severity"], "error");
    assert_eq!(problem["line"], 8);
    assert_eq!(problem["path"], "cluster.clusternodes.clusternode[2].nodeid");
    assert_eq!(problem["expected"], "a number from 1 to 4294967295");
    let found = at("", "--json");
    let object: serde_json::Value = serde_json::from_str(&found.out).expect("it is one object");
    assert!(object["error"].as_str().is_some_and(|why| why.ends_with("Document is empty")));
}

/// What is said of a daemon on `iscsi1` that goes by this text, beside a file that is no XML.
fn running(text: Option<&str>, line: &str) -> Seen {
    let scratch = Scratch::with("<cluster");
    let mut world = World::new("iscsi1");
    world.text = text.map(str::to_owned);
    let daemon = Daemon::start(world);
    let environment = Environment { socket: daemon.socket().to_owned(), ..environment(&scratch) };
    typed(run, &environment, line)
}

#[test]
fn what_the_daemon_goes_by_is_judged_when_asked() {
    assert_eq!(running(Some(LISTING1), "-r"), seen(GOOD, "", 0));
    let found = running(Some(&LISTING1.replace("<rm/>", "<rm bogus=\"1\"/>")), "-r");
    assert_eq!(found.code, 3, "{found:?}");
    assert!(found.out.starts_with("running:"), "{found:?}");
    assert!(found.out.ends_with("Configuration fails to validate\n"), "{found:?}");
    let none = "only root may\nUnable to get the configuration\n";
    assert_eq!(running(None, "-r"), seen("\n", none, 255));
    let old = "Configuration version 5 is not newer than 5\n";
    assert_eq!(running(Some(LISTING1), "-r -R 5"), seen("", old, 254));
}
