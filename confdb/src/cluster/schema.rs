//! The elements and attributes that are known, so that the others can be reported.
//!
//! Must never keep a node from starting: what is unknown stays in the tree and has no effect;
//! usually it is a slip of the pen, so that a validation refuses it. The lists are those of CMAN
//! 3.2's schema and of what its programs read besides. Fence devices, and resources that are not
//! listed, take attributes that only their agents know.

mod resources;

use self::resources::{RESOURCES, RM};
use super::reader::Reader;
use crate::error::Fault;
use crate::tree::Handle;

/// What an element may hold.
#[derive(Clone, Copy)]
struct Shape {
    name: &'static str,
    /// Its attributes; `None` for any.
    keys: Option<&'static [&'static str]>,
    children: Children,
}

/// The children of an element.
#[derive(Clone, Copy)]
enum Children {
    /// Any, with anything below.
    Any,
    /// These.
    Only(&'static [Shape]),
    /// Resources, which may hold resources in turn.
    Resources,
}

const fn leaf(name: &'static str, keys: &'static [&'static str]) -> Shape {
    Shape { name, keys: Some(keys), children: Children::Only(&[]) }
}

const fn inner(
    name: &'static str,
    keys: &'static [&'static str],
    children: &'static [Shape],
) -> Shape {
    Shape { name, keys: Some(keys), children: Children::Only(children) }
}

/// Only its agent or its daemon knows what it may hold.
const fn free(name: &'static str) -> Shape {
    Shape { name, keys: None, children: Children::Any }
}

const MULTICAST: &[&str] = &["addr", "ttl", "port"];

const PLOCKS: &[&str] = &[
    "enable_fencing",
    "enable_quorum",
    "enable_deadlk",
    "enable_plock",
    "enable_withdraw",
    "plock_debug",
    "plock_rate_limit",
    "plock_ownership",
    "drop_resources_time",
    "drop_resources_count",
    "drop_resources_age",
    "log_debug",
    "timewarn",
    "protocol",
];

const LOGGING: &[&str] = &[
    "to_syslog",
    "to_logfile",
    "to_stderr",
    "syslog_facility",
    "syslog_priority",
    "logfile_priority",
    "logfile",
    "debug",
    "timestamp",
    "name",
    "subsys",
];

const CMAN: Shape = inner(
    "cman",
    &[
        "two_node",
        "expected_votes",
        "cluster_id",
        "hash_cluster_id",
        "nodename",
        "realtime",
        "port",
        "keyfile",
        "next_keyfile",
        "broadcast",
        "transport",
        "upgrading",
        "disallowed",
        "quorum_dev_poll",
        "wait_for_all",
        "auto_tie_breaker",
        "last_man_standing",
        "last_man_standing_window",
        "allow_downscale",
        "shutdown_timeout",
        "ccsd_poll",
        "startup_config_timeout",
        "max_queued",
        "debug_mask",
        "disable_openais",
        "ldap_watch",
        "ldap_watch_interval",
    ],
    &[leaf("multicast", MULTICAST), leaf("altmulticast", MULTICAST)],
);

const TOTEM: Shape = inner(
    "totem",
    &[
        "token",
        "token_retransmits_before_loss_const",
        "token_retransmit",
        "hold",
        "join",
        "send_join",
        "consensus",
        "merge",
        "downcheck",
        "fail_recv_const",
        "seqno_unchanged_const",
        "window_size",
        "max_messages",
        "miss_count_const",
        "netmtu",
        "rrp_mode",
        "rrp_problem_count_timeout",
        "rrp_problem_count_threshold",
        "rrp_problem_count_mcast_threshold",
        "rrp_token_expired_timeout",
        "rrp_autorecovery_check_timeout",
        "heartbeat_failures_allowed",
        "max_network_delay",
        "secauth",
        "keyfile",
        "key",
        "transport",
        "crypto_type",
        "crypto_accept",
        "version",
        "nodeid",
        "vsftype",
        "threads",
        "clear_node_high_bit",
    ],
    &[free("interface")],
);

const QUORUMD: Shape = inner(
    "quorumd",
    &[
        "device",
        "label",
        "cman_label",
        "interval",
        "tko",
        "tko_up",
        "upgrade_wait",
        "master_wait",
        "votes",
        "min_score",
        "reboot",
        "allow_kill",
        "paranoid",
        "io_timeout",
        "stop_cman",
        "use_uptime",
        "master_wins",
        "scheduler",
        "priority",
        "max_error_cycles",
        "status_file",
        "log_level",
        "log_facility",
    ],
    &[leaf("heuristic", &["program", "score", "interval", "tko"])],
);

/// An element that only its agent knows, but for its children.
const FENCE_DEVICE: Shape = Shape { name: "device", keys: None, children: Children::Only(&[]) };

const CLUSTERNODES: Shape = inner(
    "clusternodes",
    &[],
    &[inner(
        "clusternode",
        &["name", "nodeid", "votes", "weight"],
        &[
            leaf("altname", &["name", "port", "mcast", "ttl"]),
            inner("fence", &[], &[inner("method", &["name"], &[FENCE_DEVICE])]),
            inner("unfence", &[], &[FENCE_DEVICE]),
        ],
    )],
);

const CLUSTER: Shape = inner(
    "cluster",
    &["name", "config_version"],
    &[
        CMAN,
        TOTEM,
        QUORUMD,
        CLUSTERNODES,
        inner(
            "fencedevices",
            &[],
            &[Shape { name: "fencedevice", keys: None, children: Children::Only(&[]) }],
        ),
        leaf(
            "fence_daemon",
            &[
                "post_join_delay",
                "post_fail_delay",
                "override_path",
                "override_time",
                "clean_start",
                "skip_undefined",
            ],
        ),
        leaf(
            "fence_xvmd",
            &[
                "debug",
                "port",
                "use_uuid",
                "multicast_address",
                "auth",
                "hash",
                "uri",
                "key_file",
                "multicast_interface",
            ],
        ),
        leaf("group", &["groupd_compat"]),
        inner(
            "dlm",
            PLOCKS,
            &[inner("lockspace", &["name", "nodir"], &[leaf("master", &["name", "weight"])])],
        ),
        leaf("gfs_controld", PLOCKS),
        leaf("clvmd", &["interface"]),
        leaf("uidgid", &["uid", "gid"]),
        inner("logging", LOGGING, &[leaf("logging_daemon", LOGGING), free("logger")]),
        RM,
        free("quorum"),
        free("event"),
        free("amf"),
        free("aisexec"),
        free("service"),
    ],
);

/// Reports what is unknown in a `cluster`.
pub(super) fn check(reader: &mut Reader<'_>, cluster: Handle) {
    element(reader, cluster, &CLUSTER);
}

/// Calls itself once per level, as deep as a tree is at most.
fn element(reader: &mut Reader<'_>, object: Handle, shape: &Shape) {
    let tree = reader.tree();
    if let Some(known) = shape.keys {
        for key in tree.keys(object).iter().filter(|key| !known.contains(&key.name.as_str())) {
            // What begins so is for the resource manager, whatever the resource.
            if matches!(shape.children, Children::Resources) && key.name.starts_with("__") {
                continue;
            }
            let what = format!("{} has no attribute {}; it has no effect", shape.name, key.name);
            reader.violation(object, Some(&key.name), Fault::new(what));
        }
    }
    for child in tree.children(object) {
        let name = tree.name(*child);
        let find = |known: &'static [Shape]| known.iter().find(|shape| shape.name == name);
        let (found, strict) = match shape.children {
            Children::Any => (None, false),
            Children::Only(known) => (find(known), true),
            Children::Resources => (find(RESOURCES), false),
        };
        if let Some(shape) = found {
            element(reader, *child, shape);
        } else if strict {
            let what = format!("{} holds no element {name}; it has no effect", shape.name);
            reader.violation(*child, None, Fault::new(what));
        }
    }
}

#[cfg(test)]
mod tests;
