use super::*;
use crate::scratch::{LISTING1, Scratch, Seen, environment, typed};
use crate::validate;

/// The original's session, with the two nodes that `create -2` promises.
const SESSION: &str = include_str!("testdata/session.txt");

fn printed(seen: &Seen) -> String {
    let complaints: String = seen.err.lines().map(|line| format!("2> {line}\n")).collect();
    format!("{}{complaints}(exit {})", seen.out, seen.code)
}

/// What a line of the session does here.
fn play(scratch: &Scratch, line: &str) -> Seen {
    let here = environment(scratch);
    let done = |out| Seen { out, err: String::new(), code: 0 };
    let (program, words) = line.split_once(' ').unwrap_or((line, ""));
    match program {
        "ccs_tool" => typed(run, &here, words),
        "ccs_config_validate" => typed(validate::run, &here, words),
        "cat" => done(std::fs::read_to_string(scratch.conf()).expect("it is there")),
        "rm" => {
            std::fs::remove_file(scratch.conf()).expect("it is there");
            done(String::new())
        }
        other => panic!("nobody knows {other}"),
    }
}

#[test]
fn the_session_of_the_original_is_reproduced_byte_for_byte() {
    let scratch = Scratch::new();
    let path = scratch.conf().display().to_string();
    let mut now = String::new();
    for step in SESSION.split("\n\n[iscsi1]# ") {
        let line = step.lines().next().expect("a step has its command");
        let line = line.strip_prefix("[iscsi1]# ").unwrap_or(line);
        let mut seen = play(&scratch, line);
        if line.ends_with("-h") {
            // Help texts are our own.
            assert!(seen.out.starts_with("Usage: ccs_tool create "), "{seen:?}");
            seen.out = "(help text left out)\n".to_owned();
        }
        now += &format!("[iscsi1]# {line}\n{}\n\n", printed(&seen));
    }
    assert_eq!(now.replace(&path, "/etc/cluster/cluster.conf").trim_end(), SESSION.trim_end());
}

#[track_caller]
fn changed(text: &str, line: &str) -> (String, Seen) {
    let scratch = Scratch::with(text);
    let seen = typed(run, &environment(&scratch), line);
    (std::fs::read_to_string(scratch.conf()).expect("it stays"), seen)
}

/// A change that must be done without a word.
#[track_caller]
fn quietly(text: &str, line: &str) -> String {
    let (text, seen) = changed(text, line);
    assert_eq!(seen, Seen { out: String::new(), err: String::new(), code: 0 }, "{line}");
    text
}

/// As an operator writes one.
const LAID_OUT: &str = r#"<?xml version="1.0"?>
<!-- do not touch: ask Anna -->
<cluster name='x' config_version="7">
  <clusternodes>
    <!-- rack one -->
    <clusternode name="a" nodeid="1"/>
    <clusternode name="b" nodeid="2"><fence/></clusternode>
  </clusternodes>
  <fencedevices/>
</cluster>
"#;

#[test]
fn comments_and_layout_stay() {
    let text = quietly(LAID_OUT, "addnode -n 3 -v 2 -a c-alt c");
    let line = "    <clusternode name=\"c\" votes=\"2\" nodeid=\"3\">\
                <altname name=\"c-alt\"/></clusternode>\n  </clusternodes>";
    let expected = LAID_OUT.replace("  </clusternodes>", line).replace("\"7\"", "\"8\"");
    assert_eq!(text, expected);
    let text = quietly(&text, "delnode c");
    assert_eq!(text, LAID_OUT.replace("\"7\"", "\"9\""));
    let text = quietly(&text, "addfence n agent password=a<b\"c");
    let device = "<fencedevices><fencedevice name=\"n\" agent=\"agent\" \
                  password=\"a&lt;b&quot;c\"/></fencedevices>";
    assert_eq!(text, LAID_OUT.replace("\"7\"", "\"10\"").replace("<fencedevices/>", device));
}

#[test]
fn sections_that_are_missing_are_made() {
    let text = "<cluster name=\"x\" config_version=\"1\">\n</cluster>\n";
    assert_eq!(
        quietly(text, "addnode -n 1 a"),
        "<cluster name=\"x\" config_version=\"2\">\n<clusternodes><clusternode name=\"a\" \
         votes=\"1\" nodeid=\"1\"/></clusternodes></cluster>\n"
    );
}

#[test]
fn ids_are_given_to_those_without() {
    let text = LAID_OUT.replace(" nodeid=\"1\"", "");
    let (text, seen) = changed(&text, "addnodeids -n 2 -m 239.1.2.3 -v");
    assert_eq!(seen, Seen { out: "a: nodeid 3\n".to_owned(), err: String::new(), code: 0 });
    assert!(text.contains("<clusternode name=\"a\" nodeid=\"3\"/>"), "{text}");
    assert!(text.contains("  <cman><multicast addr=\"239.1.2.3\"/></cman>\n</cluster>"), "{text}");
    let text = quietly(&text, "addnodeids -m 239.1.2.4");
    assert!(text.contains("<multicast addr=\"239.1.2.4\"/>"), "{text}");
    let (_, seen) = changed(LAID_OUT, "addnodeids -m 10.0.0.1");
    assert_eq!(seen.err, "ccs_tool: 10.0.0.1 is not a multicast address\n\n");
}

#[test]
fn what_makes_no_sense_is_refused_and_changes_nothing() {
    for (line, why) in [
        ("addnode -n 0 c", "nodeid \"0\" is not a number from 1 to 4294967295"),
        ("addnode -n x c", "nodeid \"x\" is not a number from 1 to 4294967295"),
        ("addnode -n 3 -v 256 c", "votes \"256\" is not a number from 0 to 255"),
        ("addnode -n 3 -a /\u{7} c", "\"/\\u{7}\" is not a node name"),
        ("addnode -n 3 -f nsp c", "fence device nsp does not exist in FILE"),
        ("addnode -n 3 -f nsp c x", "\"x\" is not argument=value"),
        ("delnode c", "node c does not exist in FILE"),
        (
            "addfence n agent a/b=1",
            "\"a/b\" is not a name: 1 to 255 letters, digits, '_', '-' or ':'",
        ),
        ("addfence n agent name=1", "FILE:9: attribute name of fencedevice is there twice"),
        ("delfence n", "fence device n does not exist in FILE"),
        ("addnodeids -n 0", "nodeid \"0\" is not a number from 1 to 4294967295"),
    ] {
        let scratch = Scratch::with(LAID_OUT);
        let seen = typed(run, &environment(&scratch), line);
        let path = scratch.conf().display().to_string();
        let err = format!("ccs_tool: {}\n\n", why.replace("FILE", &path));
        assert_eq!(seen, Seen { out: String::new(), err, code: 1 }, "{line}");
        assert_eq!(std::fs::read_to_string(scratch.conf()).expect("it stays"), LAID_OUT);
    }
    let text = LAID_OUT.replace("\"7\"", "\"many\"");
    let (_, seen) = changed(&text, "delnode a");
    assert_eq!(seen.err, "ccs_tool: config_version \"many\" has no next one\n\n");
    let (_, seen) = changed("<other/>", "delnode a");
    assert!(seen.err.contains("the outermost element is not cluster\n"), "{seen:?}");
}

#[test]
fn errors_that_a_change_brings_about_are_told() {
    let device = "<fencedevices><fencedevice name=\"n\" agent=\"x\"/></fencedevices>";
    let text = LAID_OUT
        .replace("<fence/>", "<fence><method name=\"1\"><device name=\"n\"/></method></fence>")
        .replace("<fencedevices/>", device);
    let (text, seen) = changed(&text, "delfence n");
    assert_eq!(seen.code, 0);
    assert!(seen.err.contains(": \"n\" is not the name of a fencedevice"), "{seen:?}");
    let (_, seen) = changed(&text, "delnode a");
    assert_eq!(seen.err, "", "it was there before");
}

#[test]
fn what_is_typed_without_sense_is_answered_with_help_and_0() {
    for line in ["", "create", "addnode -n 1", "addnode -Z", "delnode", "addfence a", "query"] {
        let (text, seen) = changed(LAID_OUT, line);
        assert_eq!((seen.code, seen.out.as_str(), text.as_str()), (0, "", LAID_OUT), "{line}");
        assert!(seen.err.contains("Usage: ccs_tool "), "{seen:?}");
    }
    for line in ["help", "-h", "lsnode -h"] {
        assert!(changed("", line).1.out.starts_with("Usage: ccs_tool "), "{line}");
    }
    assert!(changed("", "-V").1.out.starts_with("ccs_tool "));
    let (_, seen) = changed("", "update /etc/cluster/cluster.conf");
    assert_eq!(seen.err, "Unknown command, update.\nTry 'ccs_tool help' for help.\n");
    assert_eq!(seen.code, 1);
}

#[test]
fn skeletons_are_configurations() {
    let create = |line: &str| {
        let scratch = Scratch::new();
        let seen = typed(run, &environment(&scratch), line);
        (seen, std::fs::read_to_string(scratch.conf()).ok())
    };
    for line in ["create -2 -f fence_apc x", "create -n 3 -f fence_apc x", "create -n 16 x"] {
        let (seen, text) = create(line);
        assert_eq!(seen.code, 0, "{line}: {seen:?}");
        let text = text.expect("it was made");
        let judged = changed(&text, "lsnode").1;
        assert_eq!(judged.code, 0, "{line}: {judged:?}");
        let read = confdb::load::configuration("f", text.as_bytes()).expect("it is good");
        assert_eq!(read.warnings, [], "{line}");
    }
    assert!(create("create -2 -f a x").1.is_some_and(|text| {
        text.contains("    <fencedevice name=\"fence1\" agent=\"a\"/> <!-- ADDARGS -->\n")
            && text.contains("          <device name=\"fence1\"/> <!-- ADDARGS -->\n")
            && text.matches("NEEDNAME-").count() == 2
    }));
    for (line, why) in [
        ("create a-name-of-16-byt", "It must be 15 characters or fewer"),
        ("create -2 -n 3 x", "3 nodes with -2: there must be 2"),
        ("create -n x x", "x is not a number of nodes"),
    ] {
        let (seen, text) = create(line);
        assert!(seen.err.contains(why) && seen.code == 1, "{seen:?}");
        assert_eq!(text, None);
    }
}

const FENCED: &str = r#"<cluster name="x" config_version="7">
<cman><multicast addr="239.1.1.1"/></cman>
<clusternodes><clusternode name="a" nodeid="1" votes="2"><altname name="a2"/><fence>
<method name="1"><device name="n" port="3"/></method><method name="2"><device name="m"/></method>
</fence></clusternode><clusternode name="b"/></clusternodes>
<fencedevices><fencedevice name="n" agent="fence_apc" ipaddr="10.0.0.9" login="me"/>
<fencedevice name="m" agent="fence_manual"/></fencedevices></cluster>"#;

#[test]
fn lists_have_their_layout() {
    let out = |line: &str| changed(FENCED, line).1.out;
    assert_eq!(
        out("lsnode -v"),
        "\nCluster name: x, config_version: 7\n\n\
         Multicast address for cluster: 239.1.1.1\n\n\
         Nodename                        Votes Nodeid Fencetype\n\
         a                                  2    1    n\n  \
           Alternate name: a2\n  \
           Fence method 1: n port=3\n  \
           Fence method 2: m\n\
         b                                  1    0    \n"
    );
    assert_eq!(
        out("lsfence -v"),
        "Name             Agent\n\
         n                fence_apc\n  \
           Properties: ipaddr=10.0.0.9 login=me\n\
         m                fence_manual\n  \
           Properties: \n"
    );
    let object: Value = serde_json::from_str(&out("lsnode --json")).expect("it is one object");
    assert_eq!(object["nodes"][0]["fence"][0]["properties"]["port"], "3");
    assert_eq!(object["nodes"][1]["nodeid"], Value::Null);
    let object: Value = serde_json::from_str(&out("lsfence --json")).expect("it is one object");
    assert_eq!(object["fence_devices"][0]["properties"]["login"], "me");
}

#[test]
fn queries_answer_scripts() {
    let (_, seen) = changed(LISTING1, "query /cluster/clusternodes/clusternode[2]/@name");
    assert_eq!(seen, Seen { out: "iscsi2\n".to_owned(), err: String::new(), code: 0 });
    assert_eq!(changed(LISTING1, "query -n /cluster/@name").1.out, "iscsicluster");
    assert_eq!(changed(LISTING1, "query /cluster/rm").1.code, 0, "it is there");
    for (line, why) in [
        ("query /cluster/quorumd", "No data available"),
        ("query /cluster/@nope", "No data available"),
        ("query cluster", "Invalid argument"),
    ] {
        let (_, seen) = changed(LISTING1, line);
        let err = format!("Query failed: {why}\n");
        assert_eq!(seen, Seen { out: String::new(), err, code: 255 }, "{line}");
    }
    let (_, seen) = changed(LISTING1, "query --json /cluster/clusternodes/clusternode/@name");
    assert_eq!(seen.out, "{\"answers\":[\"iscsi1\",\"iscsi2\"]}\n");
}

#[test]
fn another_file_can_be_read_and_written() {
    let scratch = Scratch::with(LAID_OUT);
    let here = environment(&scratch);
    let next = LAID_OUT.replace("\"7\"", "\"8\"");
    let expected = next.replace("    <clusternode name=\"a\" nodeid=\"1\"/>\n", "");
    assert_eq!(typed(run, &here, "delnode -o - a").out, expected);
    let other = scratch.path().join("other.conf");
    let seen = typed(run, &here, &format!("delnode --json -o {} a", other.display()));
    let told = format!("{{\"file\":\"{}\",\"config_version\":8}}\n", other.display());
    assert_eq!(seen, Seen { out: told, err: String::new(), code: 0 });
    assert_eq!(std::fs::read_to_string(&other).expect("it was made"), expected);
    assert_eq!(std::fs::read_to_string(scratch.conf()).expect("it stays"), LAID_OUT);
    let seen = typed(run, &here, &format!("lsnode -c {}", other.display()));
    assert!(seen.out.contains("config_version: 8") && !seen.out.contains("\na "), "{seen:?}");
    let seen = typed(run, &here, "addnodeids --json");
    assert!(seen.out.contains("\"config_version\":7"), "nothing is new: {seen:?}");
    let seen = typed(run, &here, "delnode --json z");
    assert!(seen.out.starts_with("{\"error\":\"ccs_tool: node z does not exist"), "{seen:?}");
}
