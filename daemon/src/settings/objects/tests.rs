use confdb::dump;

use super::super::tests::{iscsi1, resolved};
use super::super::{Overrides, Users, settings};
use super::*;

/// Every key of every object, as `corosync-objctl` prints them.
pub(crate) fn lines(tree: &Tree) -> Vec<String> {
    let mut lines = Vec::new();
    for object in tree.walk(Handle::ROOT).into_iter().skip(1) {
        let path: Vec<String> =
            tree.path(object).steps().iter().map(|step| step.name.clone()).collect();
        let path = path.join(".");
        for key in tree.keys(object) {
            lines.push(format!("{path}.{}={}", key.name, key.value));
        }
        if tree.keys(object).is_empty() && tree.children(object).is_empty() {
            lines.push(path);
        }
    }
    lines
}

fn shown(text: &str) -> Tree {
    let read = confdb::load::configuration("cluster.conf", text.as_bytes()).unwrap();
    let me = iscsi1("192.168.10.11");
    let settings = settings(&read.cluster, &me, &resolved(), &Overrides::default()).unwrap();
    settings.showing(&read.tree, &read.cluster, &Users::default()).shown.objects
}

#[test]
fn listing1_shows_what_the_original_shows() {
    let tree = shown(
        "<cluster name=\"iscsicluster\" config_version=\"5\"><cman two_node=\"1\" \
         expected_votes=\"1\"/><clusternodes><clusternode name=\"iscsi1\" votes=\"1\" \
         nodeid=\"1\"><fence/></clusternode><clusternode name=\"iscsi2\" votes=\"1\" nodeid=\"2\">\
         <fence/></clusternode></clusternodes><fencedevices/><rm/></cluster>",
    );
    let expected = "\
cluster.name=iscsicluster
cluster.config_version=5
cluster.cman.two_node=1
cluster.cman.expected_votes=1
cluster.cman.nodename=iscsi1
cluster.cman.cluster_id=46516
cluster.clusternodes.clusternode.name=iscsi1
cluster.clusternodes.clusternode.votes=1
cluster.clusternodes.clusternode.nodeid=1
cluster.clusternodes.clusternode.fence
cluster.clusternodes.clusternode.name=iscsi2
cluster.clusternodes.clusternode.votes=1
cluster.clusternodes.clusternode.nodeid=2
cluster.clusternodes.clusternode.fence
cluster.fencedevices
cluster.rm
totem.version=2
totem.nodeid=1
totem.vsftype=none
totem.token=10000
totem.join=60
totem.fail_recv_const=2500
totem.consensus=2000
totem.rrp_mode=none
totem.secauth=1
totem.key=iscsicluster
totem.interface.ringnumber=0
totem.interface.bindnetaddr=192.168.10.11
totem.interface.mcastaddr=239.192.181.106
totem.interface.mcastport=5405
logging.timestamp=on
logging.to_logfile=yes
logging.logfile=/var/log/cluster/clusterd.log
logging.logfile_priority=info
logging.to_syslog=yes
logging.syslog_facility=local4
logging.syslog_priority=info
quorum.provider=quorum_cman";
    assert_eq!(lines(&tree).join("\n"), expected);
}

#[test]
fn what_is_written_stays_and_what_is_missing_is_made() {
    let tree = shown(
        "<cluster name=\"c\" config_version=\"1\"><totem token=\"3000\" keyfile=\"/k\"/>\
         <logging debug=\"on\" to_syslog=\"no\"/><clusternodes><clusternode name=\"iscsi1\" \
         nodeid=\"1\"/></clusternodes><uidgid uid=\"7\"/><uidgid gid=\"8\"/></cluster>",
    );
    let lines = lines(&tree);
    for line in [
        "cluster.cman.nodename=iscsi1",
        "totem.token=3000",
        "totem.keyfile=/k",
        "logging.debug=on",
        "logging.to_syslog=no",
        "uidgid.uid=7",
        "uidgid.gid=8",
    ] {
        assert!(lines.contains(&line.to_owned()), "{line} is missing in {lines:#?}");
    }
    assert!(!lines.iter().any(|line| line.starts_with("totem.key=")));
    let cluster = tree.children_named(Handle::ROOT, "cluster").next().unwrap();
    assert!(dump::to_xml(&tree, cluster).is_ok());
}
