use super::super::tests::text;
use super::*;
use crate::error::Severity;
use crate::load::configuration;

fn with_second(node: &str) -> String {
    text("").replace("<clusternode name=\"b\" nodeid=\"2\"/>", node)
}

fn refused(node: &str) -> Vec<String> {
    let problems = configuration("f", with_second(node).as_bytes()).unwrap_err();
    problems.into_iter().map(|problem| format!("{}: {}", problem.path, problem.what)).collect()
}

#[test]
fn node_has_all_its_attributes() {
    let node = "<clusternode name=\"b\" nodeid=\"4294967295\" votes=\"255\" weight=\"0\">\
                <altname name=\"b-alt\" port=\"5410\" mcast=\"239.9.9.9\" ttl=\"2\"/>\
                <fence><method name=\"1\"><device name=\"nps\" port=\"2\" any=\"thing\"/></method>\
                </fence><unfence><device name=\"nps\" action=\"on\"/></unfence></clusternode>";
    let text = with_second(node).replace(
        "</cluster>",
        "<fencedevices><fencedevice name=\"nps\" agent=\"fence_x\"/></fencedevices></cluster>",
    );
    let read = configuration("f", text.as_bytes()).unwrap();
    assert_eq!(read.warnings, []);
    let node = read.cluster.node("b").unwrap();
    assert_eq!((node.id.get(), node.votes, node.weight), (u32::MAX, 255, 0));
    let alternate = Alternate {
        name: "b-alt".to_owned(),
        port: Some(5410),
        group: Some("239.9.9.9".parse().unwrap()),
        ttl: Some(2),
    };
    assert_eq!(node.alternates, [alternate]);
    let fence = read.tree.children_named(node.object, "fence").next();
    assert!(fence.is_some(), "fencing stays in the tree");
}

#[test]
fn name_is_bounded_and_printable() {
    let long = "n".repeat(255);
    assert!(
        refused(&format!("<clusternode name=\"{long}\" nodeid=\"2\"/>"))[0]
            .ends_with("with 255 bytes is not a node name")
    );
    for bad in ["", "a b", "a&#9;b"] {
        let lines = refused(&format!("<clusternode name=\"{bad}\" nodeid=\"2\"/>"));
        assert!(lines[0].starts_with("cluster.clusternodes.clusternode[2].name: "), "{lines:?}");
    }
    let longest = "n".repeat(254);
    let text = with_second(&format!("<clusternode name=\"{longest}\" nodeid=\"2\"/>"));
    assert!(configuration("f", text.as_bytes()).is_ok());
}

#[test]
fn names_that_differ_in_case_differ() {
    let text = with_second("<clusternode name=\"A\" nodeid=\"2\"/>");
    assert!(configuration("f", text.as_bytes()).is_ok());
}

#[test]
fn third_ring_is_refused() {
    let node = "<clusternode name=\"b\" nodeid=\"2\"><altname name=\"c\"/><altname name=\"d\"/>\
                </clusternode>";
    assert_eq!(
        refused(node),
        ["cluster.clusternodes.clusternode[2].altname[2]: \
          Configuration of more than 2 rings is not supported"]
    );
}

#[test]
fn cluster_in_which_nobody_votes_is_refused() {
    let text = text("").replace("nodeid", "votes=\"0\" nodeid");
    let problems = configuration("f", text.as_bytes()).unwrap_err();
    let errors: Vec<&str> = problems
        .iter()
        .filter(|problem| problem.severity == Severity::Error)
        .map(|problem| problem.what.as_str())
        .collect();
    assert_eq!(errors, ["no node has a vote: the cluster can never be quorate"]);
}
