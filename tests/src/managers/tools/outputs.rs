//! What the tools print on the second of three nodes.
//!
//! Must never hold a word that was not seen with Corosync.

/// To the letter, without dates and ring ids.
pub(super) const EXACT: &[(&str, &str)] = &[
    ("corosync-quorumtool -s", include_str!("quorumtool-s.txt")),
    ("corosync-quorumtool -l", include_str!("quorumtool-l.txt")),
    ("corosync-quorumtool -p -s", include_str!("quorumtool-p-s.txt")),
    ("corosync-quorumtool -p -l", include_str!("quorumtool-p-l.txt")),
    ("corosync-quorumtool -l -i", include_str!("quorumtool-l-i.txt")),
    ("corosync-quorumtool -e 3", "exit 0\n"),
    ("corosync-quorumtool -v 1 -n 2", "exit 0\n"),
    ("corosync-cfgtool -a 1", "192.168.10.11\nexit 0\n"),
    ("corosync-cfgtool -L", "exit 0\n"),
    ("corosync-cfgtool -R", "Reloading corosync.conf...\nDone\nexit 0\n"),
    (
        "corosync-cfgtool -k 9",
        "Killing node 9\nCould not kill node (error = CS_ERR_NOT_EXIST)\nexit 1\n",
    ),
    ("corosync-cmapctl -g totem.cluster_name", "totem.cluster_name (str) = managers\nexit 0\n"),
    ("corosync-cmapctl -s my.key u32 7", "exit 0\n"),
    ("corosync-cmapctl -g my.key", "my.key (u32) = 7\nexit 0\n"),
    ("corosync-cmapctl -d my.key", "exit 0\n"),
    ("corosync-cmapctl -g my.key", "Can't get key my.key. Error CS_ERR_NOT_EXIST\nexit 1\n"),
    (
        "corosync-cmapctl -s totem.nodeid u32 9",
        "Failed to set key totem.nodeid. Error CS_ERR_ACCESS\nexit 1\n",
    ),
    ("corosync-cmapctl nodelist.", include_str!("cmapctl-nodelist.txt")),
    (
        "corosync-cmapctl -g runtime.votequorum.this_node_id",
        "runtime.votequorum.this_node_id (u32) = 2\nexit 0\n",
    ),
];

/// Parts of what they print, where the rest depends on the engine.
pub(super) const HOLDING: &[(&str, &[&str])] = &[
    (
        "corosync-cmapctl",
        &[
            "nodelist.local_node_pos (u32) = 1\n",
            "quorum.provider (str) = corosync_votequorum\n",
            "runtime.members.1.ip (str) = r(0) ip(192.168.10.11) \n",
            "runtime.members.1.status (str) = joined\n",
            "runtime.members.2.join_count (u32) = 1\n",
            "totem.cluster_name (str) = managers\n",
            "totem.version (u32) = 2\n",
        ],
    ),
    ("corosync-cmapctl -m stats", &["stats."]),
    (
        "corosync-cfgtool -s",
        &[
            "Local node ID 2, transport ",
            "LINK ID 0 ",
            // Corosync itself shows another node's where it sends by multicast.
            "\taddr\t= 192.168.10.1",
            "\t\tnodeid:          1:\tconnected\n",
            "\t\tnodeid:          2:\tlocalhost\n",
            "\t\tnodeid:          3:\tconnected\n",
        ],
    ),
    ("corosync-cfgtool -s -b", &["\tstatus\t= 3n3\n"]),
    ("corosync-cfgtool -s -i 192.168.10.12", &["LINK ID 0 "]),
    (
        "corosync-cfgtool -n",
        &[
            "nodeid: 1 reachable\n",
            "   LINK: 0 ",
            "192.168.10.11) enabled connected mtu: ",
            "nodeid: 3 reachable\n",
        ],
    ),
];
