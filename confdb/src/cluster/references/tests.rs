use super::super::tests::{assert_warned, problems, text};
use crate::load::configuration;

/// Problems of a configuration whose second node is fenced so.
fn fenced(fence: &str, devices: &str) -> Vec<String> {
    let node = format!("<clusternode name=\"b\" nodeid=\"2\">\n{fence}</clusternode>");
    let text = text(devices).replace("<clusternode name=\"b\" nodeid=\"2\"/>", &node);
    let problems = match configuration("f", text.as_bytes()) {
        Ok(read) => read.warnings,
        Err(problems) => problems,
    };
    problems
        .into_iter()
        .map(|problem| format!("{}; {}", problem, problem.expected.as_deref().unwrap_or("")))
        .collect()
}

const DEVICES: &str = "<fencedevices><fencedevice name=\"nps\" agent=\"fence_x\"/></fencedevices>";

#[test]
fn devices_that_exist_can_be_used() {
    let fence = "<fence><method name=\"1\"><device name=\"nps\"/></method></fence>\
                 <unfence><device name=\"nps\" action=\"on\"/></unfence>";
    assert_eq!(fenced(fence, DEVICES), Vec::<String>::new());
}

#[test]
fn devices_that_do_not_exist_are_refused_with_those_that_do() {
    let fence = "<fence><method name=\"1\"><device name=\"nsp\"/></method></fence>";
    let path = "f:4: cluster.clusternodes.clusternode[2]";
    assert_eq!(
        fenced(fence, DEVICES),
        [format!(
            "{path}.fence.method.device.name: \"nsp\" is not the name of a fencedevice; \"nps\""
        )]
    );
    assert_eq!(
        fenced("<unfence><device name=\"nps\"/></unfence>", ""),
        [format!(
            "{path}.unfence.device.name: \"nps\" is not the name of a fencedevice; \
             a fencedevice of that name: there is none at all"
        )]
    );
    let many: String =
        (10..30).map(|n| format!("<fencedevice name=\"d{n}\" agent=\"x\"/>")).collect();
    let lines = fenced(fence, &format!("<fencedevices>{many}</fencedevices>"));
    assert!(lines[0].ends_with("\"d17\" or 12 others"), "{lines:?}");
}

#[test]
fn devices_and_methods_have_names_of_their_own() {
    let fence = "<fence><method><device/></method></fence>";
    let devices = "<fencedevices>\n<fencedevice name=\"a\" agent=\"x\"/>\n\
                   <fencedevice name=\"a\"/>\n<fencedevice agent=\"\"/></fencedevices>";
    assert_eq!(
        fenced(fence, devices),
        [
            "f:4: cluster.fencedevices.fencedevice[2].agent: there is no agent; \
             the program that fences",
            "f:4: cluster.fencedevices.fencedevice[2].name: \
             \"a\" is the name of a fencedevice in line 3 already; a name of its own",
            "f:5: cluster.fencedevices.fencedevice[3].name: there is no name; a name of its own",
            "f:5: cluster.fencedevices.fencedevice[3].agent: \"\" is empty; ",
            "f:7: warning: cluster.clusternodes.clusternode[2].fence.method.name: \
             there is no name; the name of the method",
            "f:7: cluster.clusternodes.clusternode[2].fence.method.device.name: \
             there is no name; the name of a fencedevice",
        ]
    );
}

#[test]
fn names_in_services_that_stand_for_nothing_are_questioned() {
    assert_warned(
        "<rm><service name=\"s\" domain=\"d\"/></rm>",
        "cluster.rm.service.domain: \"d\" is not the name of a failoverdomain",
    );
    assert_warned(
        "<rm><failoverdomains><failoverdomain name=\"d\"><failoverdomainnode name=\"c\"/>\
         </failoverdomain></failoverdomains></rm>",
        "cluster.rm.failoverdomains.failoverdomain.failoverdomainnode.name: \
         \"c\" is not the name of a clusternode",
    );
    assert_warned(
        "<rm><resources><ip address=\"10.0.0.1\"/></resources>\
         <vm name=\"v\"><ip ref=\"10.0.0.1\"><ip ref=\"10.0.0.2\"/></ip></vm></rm>",
        "cluster.rm.vm.ip.ip.ref: \"10.0.0.2\" is not the name of a resource ip",
    );
}

#[test]
fn flood_of_references_is_read_in_time() {
    let one = "<ip ref=\"a\"/>".repeat(20_000);
    let other = "<ip address=\"b\"/>".repeat(20_000);
    let (usable, lines) = problems(&format!(
        "<rm><resources>{other}</resources><service name=\"s\">{one}</service></rm>"
    ));
    assert!(usable);
    assert_eq!(lines.last().map(String::as_str), Some(": 19744 more warnings are not shown"));
}
