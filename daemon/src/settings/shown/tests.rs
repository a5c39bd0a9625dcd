use std::collections::BTreeMap;

use super::super::tests::{iscsi1, resolved};
use super::super::{Overrides, settings};
use super::*;

fn keys(text: &str) -> BTreeMap<String, Value> {
    let users = Users { uids: [108].into(), gids: [112, 113].into() };
    let read = confdb::load::configuration("cluster.conf", text.as_bytes()).unwrap();
    let me = iscsi1("192.168.10.11");
    let settings = settings(&read.cluster, &me, &resolved(), &Overrides::default()).unwrap();
    settings.showing(&read.tree, &read.cluster, &users).shown.keys.into_iter().collect()
}

fn with(sections: &str) -> BTreeMap<String, Value> {
    keys(&format!(
        "<cluster name=\"iscsicluster\" config_version=\"5\"><cman two_node=\"1\" \
         expected_votes=\"1\"/><clusternodes><clusternode name=\"iscsi1\" votes=\"1\" \
         nodeid=\"1\"/><clusternode name=\"iscsi2\" votes=\"1\" nodeid=\"2\"/></clusternodes>\
         {sections}</cluster>"
    ))
}

#[test]
fn listing1_shows_what_managers_look_for() {
    let keys = with("");
    let expected = [
        ("logging.debug", Value::text("off")),
        ("nodelist.local_node_pos", Value::U32(0)),
        ("nodelist.node.0.name", Value::text("iscsi1")),
        ("nodelist.node.0.nodeid", Value::U32(1)),
        ("nodelist.node.0.quorum_votes", Value::U32(1)),
        ("nodelist.node.0.ring0_addr", Value::text("192.168.10.11")),
        ("nodelist.node.1.name", Value::text("iscsi2")),
        ("nodelist.node.1.nodeid", Value::U32(2)),
        ("nodelist.node.1.ring0_addr", Value::text("192.168.10.12")),
        ("quorum.expected_votes", Value::U32(1)),
        ("quorum.provider", Value::text("corosync_votequorum")),
        ("quorum.two_node", Value::U8(1)),
        ("totem.cluster_name", Value::text("iscsicluster")),
        ("totem.config_version", Value::U64(5)),
        ("totem.interface.0.bindnetaddr", Value::text("192.168.10.11")),
        ("totem.interface.0.mcastaddr", Value::text("239.192.181.106")),
        ("totem.interface.0.mcastport", Value::U16(5405)),
        ("totem.interface.0.ttl", Value::U8(1)),
        ("totem.nodeid", Value::U32(1)),
        ("totem.token", Value::U32(10_000)),
        ("totem.transport", Value::text("udp")),
        ("totem.version", Value::U32(2)),
    ];
    for (name, value) in expected {
        assert_eq!(keys.get(name), Some(&value), "{name}");
    }
    assert!(!keys.contains_key("nodelist.node.2.nodeid"));
    assert!(keys.keys().all(|name| is_name(name)));
}

#[test]
fn sections_are_shown_as_written_with_the_types_that_programs_expect() {
    let keys = with(
        "<totem token=\"3000\" key=\"secret\" rrp_problem_count_threshold=\"20\"/>\
         <logging debug=\"on\" logfile=\"/var/log/x.log\"><logging_daemon name=\"corosync\"/>\
         </logging><quorum><device model=\"net\" votes=\"1\" timeout=\"7000\"><net \
         host=\"witness\" algorithm=\"ffsplit\"/></device></quorum>",
    );
    let expected = [
        ("totem.token", Value::U32(3000)),
        ("totem.rrp_problem_count_threshold", Value::U32(20)),
        ("logging.debug", Value::text("on")),
        ("logging.logfile", Value::text("/var/log/x.log")),
        ("logging.to_syslog", Value::text("yes")),
        ("quorum.device.model", Value::text("net")),
        ("quorum.device.votes", Value::U32(1)),
        ("quorum.device.timeout", Value::U32(7000)),
        ("quorum.device.net.host", Value::text("witness")),
        ("quorum.device.net.algorithm", Value::text("ffsplit")),
    ];
    for (name, value) in expected {
        assert_eq!(keys.get(name), Some(&value), "{name}");
    }
    let secret = |value: &Value| *value == Value::text("secret");
    assert!(!keys.values().any(secret), "the key is not shown");
}

#[test]
fn the_program_of_a_device_is_told_how_long_it_may_be_silent() {
    let device = "<quorum><device model=\"net\"/></quorum>";
    let keys = with(&format!("<totem token=\"3000\"/>{device}"));
    assert_eq!(keys.get("quorum.device.timeout"), Some(&Value::U32(3000)));
    assert_eq!(with("").get("quorum.device.timeout"), None);
}

#[test]
fn configured_users_are_admitted() {
    let keys = with("");
    for name in ["uidgid.config.uid.108", "uidgid.config.gid.112", "uidgid.config.gid.113"] {
        assert_eq!(keys.get(name), Some(&Value::U8(1)), "{name}");
    }
}
