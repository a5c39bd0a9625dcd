//! What the resource manager knows: the attributes of its own resources.
//!
//! Must never judge a resource that is not listed: its agent may be the operator's own.

use super::{Children, Shape, inner, leaf};

const fn resource(name: &'static str, keys: &'static [&'static str]) -> Shape {
    Shape { name, keys: Some(keys), children: Children::Resources }
}

/// The element `rm`.
pub(super) const RM: Shape = Shape {
    name: "rm",
    keys: Some(&[
        "log_level",
        "log_facility",
        "status_poll_interval",
        "status_child_max",
        "statusmax",
        "transition_throttling",
        "central_processing",
        "disabled",
    ]),
    children: Children::Only(&[DOMAINS, EVENTS, resource("resources", &[]), SERVICE, VM]),
};

const DOMAINS: Shape = inner(
    "failoverdomains",
    &[],
    &[inner(
        "failoverdomain",
        &["name", "ordered", "restricted", "nofailback"],
        &[leaf("failoverdomainnode", &["name", "priority"])],
    )],
);

const EVENTS: Shape = inner(
    "events",
    &[],
    &[leaf(
        "event",
        &[
            "name",
            "class",
            "priority",
            "service",
            "service_state",
            "service_owner",
            "node",
            "node_id",
            "node_state",
            "node_clean",
            "node_local",
            "file",
        ],
    )],
);

const SERVICE: Shape = resource(
    "service",
    &[
        "name",
        "ref",
        "domain",
        "autostart",
        "hardrecovery",
        "exclusive",
        "nfslock",
        "nfs_client_cache",
        "recovery",
        "depend",
        "depend_mode",
        "max_restarts",
        "restart_expire_time",
        "priority",
    ],
);

const VM: Shape = resource(
    "vm",
    &[
        "name",
        "ref",
        "domain",
        "autostart",
        "hardrecovery",
        "exclusive",
        "recovery",
        "migration_mapping",
        "use_virsh",
        "xmlfile",
        "migrate",
        "path",
        "snapshot",
        "depend",
        "depend_mode",
        "max_restarts",
        "restart_expire_time",
        "priority",
        "status_program",
        "hypervisor",
        "hypervisor_uri",
        "migration_uri",
    ],
);

/// Resources whose attributes are known.
pub(super) const RESOURCES: &[Shape] = &[
    leaf("action", &["name", "depth", "interval", "timeout"]),
    resource("lvm", &["name", "ref", "vg_name", "lv_name", "self_fence", "nfslock"]),
    resource(
        "fs",
        &[
            "name",
            "ref",
            "mountpoint",
            "device",
            "fstype",
            "force_unmount",
            "quick_status",
            "self_fence",
            "nfslock",
            "fsid",
            "force_fsck",
            "options",
        ],
    ),
    resource(
        "clusterfs",
        &[
            "name",
            "ref",
            "mountpoint",
            "device",
            "fstype",
            "force_unmount",
            "options",
            "self_fence",
            "fsid",
            "nfslock",
        ],
    ),
    resource(
        "netfs",
        &[
            "name",
            "ref",
            "mountpoint",
            "host",
            "export",
            "fstype",
            "no_unmount",
            "force_unmount",
            "options",
        ],
    ),
    resource("nfsexport", &["name", "ref", "device", "path", "fsid"]),
    resource(
        "nfsclient",
        &[
            "name",
            "ref",
            "target",
            "path",
            "svcname",
            "fsid",
            "service_name",
            "use_cache",
            "options",
            "allow_recover",
        ],
    ),
    resource("ip", &["address", "ref", "family", "monitor_link", "nfslock", "sleeptime"]),
    resource("smb", &["name", "ref", "workgroup", "service_name"]),
    resource("script", &["name", "ref", "file", "service_name"]),
    SERVICE,
    VM,
];
