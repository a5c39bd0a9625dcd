//! Every file that the original was asked about with `-f`, what it said, and what is said here.
//!
//! Must never differ without a reason beside it.

use super::*;

const LISTING2: &str = include_str!("../../../../confdb/src/load/testdata/listing2.conf");
const LISTING3: &str = include_str!("../../../../confdb/src/load/testdata/listing3.conf");

/// A verdict.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Verdict {
    /// Exit status 0.
    Good,
    /// Exit status 3.
    Bad,
    /// Exit status 1.
    NoXml,
}

use Verdict::{Bad, Good, NoXml};

/// A piece of Listing 1, and what stands there instead.
type Change = (&'static str, &'static str);

/// Our own verdict with its reason, where it is another one.
type Ours = Option<(Verdict, &'static str)>;

/// The name of the file; how it differs from Listing 1; the original's verdict; ours, where it is
/// another one, with the reason.
type Row = (&'static str, &'static [Change], Verdict, Ours);

const VERSION: &str = "config_version=\"5\"";
const CMAN: &str = "<cman two_node=\"1\" expected_votes=\"1\"/>";
const NODE2: &str = "<clusternode name=\"iscsi2\" votes=\"1\" nodeid=\"2\">";
const DEVICES: &str = "<fencedevices/>";
const LONG: &str = "<cluster name=\"a-name-that-does-not-fit-into-the-packet\"";

const CHANGED: &[Row] = &[
    ("good-listing1", &[], Good, None),
    ("minimal", &[(DEVICES, ""), ("<rm/>", "")], Good, None),
    (
        "cman-more",
        &[(CMAN, "<cman two_node=\"1\" expected_votes=\"1\" port=\"6809\" cluster_id=\"7\"/>")],
        Good,
        None,
    ),
    (
        "mcast",
        &[(
            CMAN,
            "<cman two_node=\"1\" expected_votes=\"1\"><multicast addr=\"239.1.1.1\"/></cman>",
        )],
        Good,
        None,
    ),
    (
        "cv-neg",
        &[(VERSION, "config_version=\"-5\"")],
        Good,
        Some((Bad, "a version that is no number can never be followed")),
    ),
    (
        "cv0",
        &[(VERSION, "config_version=\"0\"")],
        Good,
        Some((Bad, "0 cannot be told from a version that is missing")),
    ),
    (
        "cvabc",
        &[(VERSION, "config_version=\"abc\"")],
        Good,
        Some((Bad, "a version that is no number can never be followed")),
    ),
    ("cvnone", &[(VERSION, "")], Bad, None),
    (
        "dup-name",
        &[(NODE2, "<clusternode name=\"iscsi1\" votes=\"1\" nodeid=\"2\">")],
        Good,
        Some((Bad, "two nodes cannot be told apart by name")),
    ),
    (
        "dup-nodeid",
        &[(NODE2, "<clusternode name=\"iscsi2\" votes=\"1\" nodeid=\"1\">")],
        Good,
        Some((Bad, "two nodes cannot be told apart in the ring")),
    ),
    (
        "emptyname",
        &[("<cluster name=\"iscsicluster\"", "<cluster name=\"\"")],
        Good,
        Some((Bad, "id, group and key of the cluster come from its name")),
    ),
    (
        "longname",
        &[("<cluster name=\"iscsicluster\"", LONG)],
        Good,
        Some((Bad, "the field in the packet has 15 bytes")),
    ),
    ("exp0", &[(CMAN, "<cman two_node=\"1\" expected_votes=\"0\"/>")], Bad, None),
    (
        "fencedev-foo",
        &[(
            DEVICES,
            "<fencedevices><fencedevice name=\"nps\" agent=\"fence_apc\" ipaddr=\"x\" \
             login=\"a\" passwd=\"b\" foo=\"1\"/></fencedevices>",
        )],
        Bad,
        Some((Good, "only the agent knows its attributes, and it may be the operator's own")),
    ),
    (
        "fencedev-noagent",
        &[(DEVICES, "<fencedevices><fencedevice name=\"nps\" ipaddr=\"x\"/></fencedevices>")],
        Bad,
        None,
    ),
    (
        "listing67-fixed-attrs",
        &[(
            "<rm/>",
            "<rm><resources><fs device=\"/dev/vdb1\" force_unmount=\"1\" fstype=\"ext3\" \
             mountpoint=\"/var/www/html/\" name=\"docroot\"/></resources></rm>",
        )],
        Good,
        None,
    ),
    (
        "listing67-closed",
        &[(
            "<rm/>",
            "<rm><resources><fs device=\"/dev/vdb1\" force_umount=\"1\" fsytpe=\"ext3\" \
             mountpoint=\"/var/www/html/\" name=\"docroot\"/></resources></rm>",
        )],
        Bad,
        None,
    ),
    ("listing67-literal", &[("<rm/>", "<rm><resources></resource></rm>")], NoXml, None),
    ("no-nodeid", &[(NODE2, "<clusternode name=\"iscsi2\" votes=\"1\">")], Bad, None),
    (
        "nodeid-neg",
        &[(NODE2, "<clusternode name=\"iscsi2\" votes=\"1\" nodeid=\"-2\">")],
        Bad,
        None,
    ),
    ("nodeid0", &[(NODE2, "<clusternode name=\"iscsi2\" votes=\"1\" nodeid=\"0\">")], Bad, None),
    ("noname", &[("<cluster name=\"iscsicluster\"", "<cluster")], Bad, None),
    (
        "one-logging-daemon",
        &[(
            DEVICES,
            "<fencedevices/><logging><logging_daemon name=\"corosync\" subsys=\"CMAN\" \
             debug=\"on\"/></logging>",
        )],
        Good,
        None,
    ),
    (
        "rest",
        &[("<rm/>", "<rm/><uidgid uid=\"ais\" gid=\"ais\"/>")],
        Bad,
        Some((Good, "later releases know uidgid")),
    ),
    ("truncated", &[("</cluster>\n", "")], NoXml, None),
    ("two_node-exp2", &[(CMAN, "<cman two_node=\"1\" expected_votes=\"2\"/>")], Good, None),
    ("two_node-noexp", &[(CMAN, "<cman two_node=\"1\"/>")], Good, None),
    (
        "two_node-yes",
        &[(CMAN, "<cman two_node=\"yes\" expected_votes=\"1\"/>")],
        Good,
        Some((Bad, "it would be read as 0, and the second node's death would stop the first")),
    ),
    (
        "unknown-attr",
        &[(CMAN, "<cman bogus=\"1\" two_node=\"1\" expected_votes=\"1\"/>")],
        Bad,
        None,
    ),
    ("unknown-element", &[("<rm/>", "<bogus/>")], Bad, None),
    ("votes-0", &[(NODE2, "<clusternode name=\"iscsi2\" votes=\"0\" nodeid=\"2\">")], Bad, None),
    (
        "votes-abc",
        &[(NODE2, "<clusternode name=\"iscsi2\" votes=\"abc\" nodeid=\"2\">")],
        Bad,
        None,
    ),
    ("votes-none", &[(NODE2, "<clusternode name=\"iscsi2\" nodeid=\"2\">")], Good, None),
];

/// Those that are no Listing 1 with changes.
const OTHERS: &[(&str, &str, Verdict, Ours)] = &[
    ("empty", "", NoXml, None),
    ("noclusternodes", "<cluster name=\"x\" config_version=\"1\"/>\n", Bad, None),
    (
        "nonodes",
        "<cluster name=\"x\" config_version=\"1\"><clusternodes/></cluster>\n",
        Good,
        Some((Bad, "no host is a node of this cluster")),
    ),
    (
        "listing2-six-daemons",
        LISTING2,
        Bad,
        Some((Good, "several logging_daemon are what the article means and later releases take")),
    ),
    ("listing3-literal", LISTING3, NoXml, None),
];

#[track_caller]
fn judged(name: &str, text: &str, reference: Verdict, ours: Ours) {
    let scratch = Scratch::with(text);
    let line = format!("-f {}", scratch.conf().display());
    let found = typed(run, &environment(&scratch), &line);
    let verdict = ours.map_or(reference, |(verdict, _)| verdict);
    let (code, end) = match verdict {
        Good => (0, "Configuration validates\n"),
        Bad => (3, "Configuration fails to validate\n"),
        NoXml => (1, ""),
    };
    assert_eq!(found.code, code, "{name}: {found:?}");
    assert!(found.out.ends_with(end), "{name}: {found:?}");
    // A refusal names file and line.
    let place = format!("{}:", scratch.conf().display());
    assert_eq!(found.out.starts_with(&place), verdict != Good, "{name}: {found:?}");
    if let Some((verdict, why)) = ours {
        assert_ne!(verdict, reference, "{name}: no difference, yet a reason: {why}");
    }
}

#[test]
fn every_file_gets_the_verdict_of_the_original_or_one_with_a_reason() {
    for (name, changes, reference, ours) in CHANGED {
        let mut text = LISTING1.to_owned();
        for (old, new) in *changes {
            assert_eq!(text.matches(old).count(), 1, "{name}: {old}");
            text = text.replace(old, new);
        }
        judged(name, &text, *reference, *ours);
    }
    for (name, text, reference, ours) in OTHERS {
        judged(name, text, *reference, *ours);
    }
}

#[test]
fn a_file_that_is_not_there_is_told_with_1() {
    let scratch = Scratch::new();
    let path = scratch.path().join("nosuch.conf").display().to_string();
    let out = format!("I/O warning : failed to load external entity \"{path}\"\n");
    assert_eq!(typed(run, &environment(&scratch), &format!("-f {path}")), seen(&out, "", 1));
}
