//! The text of a configuration that its author fills in.
//!
//! Must never be anything but XML: where the original leaves a word that is none, a comment stands.

use std::fmt::Write;

/// What to fill in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Skeleton<'a> {
    /// Name of the cluster, escaped.
    pub(super) name: &'a str,
    pub(super) two_node: bool,
    pub(super) nodes: u32,
    /// Agent of the one fence device, escaped.
    pub(super) agent: Option<&'a str>,
}

/// Name of the one fence device.
const DEVICE: &str = "fence1";

impl Skeleton<'_> {
    pub(super) fn text(&self) -> String {
        let mut text = String::from("<?xml version=\"1.0\"?>\n");
        // Writing into a string cannot fail.
        let _ = writeln!(text, "<cluster name=\"{}\" config_version=\"1\">\n", self.name);
        if self.two_node {
            text += "  <cman two_node=\"1\" expected_votes=\"1\"/>\n";
        }
        text += "  <clusternodes>\n";
        for id in 1..=self.nodes {
            self.node(id, &mut text);
        }
        text += "  </clusternodes>\n\n  <fencedevices>\n";
        if let Some(agent) = self.agent {
            let _ = writeln!(
                text,
                "    <fencedevice name=\"{DEVICE}\" agent=\"{agent}\"/> <!-- ADDARGS -->"
            );
        }
        text += "  </fencedevices>\n\n  <rm>\n    <failoverdomains/>\n    <resources/>\n  </rm>\n\
                 </cluster>\n";
        text
    }

    fn node(&self, id: u32, text: &mut String) {
        let _ = writeln!(
            text,
            "    <clusternode name=\"NEEDNAME-{id:02}\" votes=\"1\" nodeid=\"{id}\">"
        );
        *text += "      <fence>\n        <method name=\"single\">\n";
        if self.agent.is_some() {
            let _ = writeln!(text, "          <device name=\"{DEVICE}\"/> <!-- ADDARGS -->");
        }
        *text += "        </method>\n      </fence>\n    </clusternode>\n";
    }
}
