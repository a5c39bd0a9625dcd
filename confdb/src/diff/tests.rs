use super::*;
use crate::load::configuration;

fn read(sections: &str, nodes: &str) -> Configuration {
    named("x", sections, nodes)
}

fn named(name: &str, sections: &str, nodes: &str) -> Configuration {
    let text = format!(
        "<cluster name=\"{name}\" config_version=\"1\">\n{sections}\n<clusternodes>\n{nodes}\n\
         </clusternodes></cluster>"
    );
    match configuration("f", text.as_bytes()) {
        Ok(read) => read,
        Err(problems) => panic!("{problems:#?}"),
    }
}

const A: &str = "<clusternode name=\"a\" nodeid=\"1\"/>";
const B: &str = "<clusternode name=\"b\" nodeid=\"2\"/>";
const C: &str = "<clusternode name=\"c\" nodeid=\"3\"/>";

fn abc(sections: &str) -> Configuration {
    read(sections, &[A, B, C].join("\n"))
}

/// The only change, in the two lines of its text form.
#[track_caller]
fn change(old: &Configuration, new: &Configuration) -> String {
    let difference = between(old, new);
    assert_eq!(difference.changes.len(), 1, "{difference:#?}");
    difference.changes[0].to_string()
}

fn restarts(old: &Configuration, new: &Configuration) -> Vec<String> {
    restart_needed(old, new, NonZeroU32::new(1)).iter().map(Problem::to_string).collect()
}

#[test]
fn same_configuration_is_no_difference_however_it_is_laid_out() {
    let old = abc("<cman port=\"5405\"/><totem token=\"5000\"/>");
    let new = read("<totem token=\"5000\"/>\n\n<cman port=\"5405\"/>", &[C, A, B].join("\n\n"));
    let difference = between(&old, &new);
    assert!(difference.is_empty(), "{difference}");
    assert_eq!(difference.to_string(), "configuration version 1 -> 1\n");
}

#[test]
fn token_timeout_says_what_it_means_and_takes_the_consensus_along() {
    let (old, new) = (abc("<totem token=\"10000\"/>"), abc("<totem token=\"5000\"/>"));
    assert_eq!(
        between(&old, &new).to_string(),
        "configuration version 1 -> 1\n\
         f:2: cluster.totem.token: \"10000\" -> \"5000\"\n\
         \x20 live: token 10000 ms -> 5000 ms; a silent host is given 5 s\n\
         values in force:\n\
         \x20 token timeout 10000 ms -> 5000 ms: a silent host is given 5 s\n\
         \x20 consensus timeout 12000 ms -> 7000 ms\n"
    );
    assert_eq!(restarts(&old, &new), Vec::<String>::new());
}

#[test]
fn value_that_was_in_force_already_changes_nothing() {
    let bare = abc("");
    for section in [
        "<totem token=\"10000\"/>",
        "<cman port=\"5405\"/>",
        "<cman transport=\"udp\"/>",
        "<totem netmtu=\"1500\"/>",
        "<cman hash_cluster_id=\"no\"/>",
    ] {
        let difference = between(&bare, &abc(section));
        let effects: Vec<_> = difference.changes.iter().map(|change| &change.effect).collect();
        assert_eq!(effects, [&Effect::Kept("it says what was in force already".into())]);
        assert_eq!(difference.consequences, []);
        assert_eq!(restarts(&bare, &abc(section)), Vec::<String>::new());
    }
}

#[test]
fn nodes_are_matched_by_name_then_by_id_never_by_place() {
    let old = read("", &[A, B].join("\n"));
    let new = read("", &[C, B, A].join("\n"));
    assert_eq!(
        between(&old, &new).to_string(),
        "configuration version 1 -> 1\n\
         f:4: cluster.clusternodes.clusternode[1] (c): none -> <clusternode name=\"c\" \
         nodeid=\"3\"/>\n\
         \x20 live: node c is known, and dead until it joins; quorum 2 of 2 -> 2 of 3\n\
         values in force:\n\
         \x20 consensus timeout 2000 ms -> 12000 ms\n\
         \x20 nodes 2 -> 3\n\
         \x20 votes of all nodes 2 -> 3\n\
         \x20 expected votes 2 -> 3\n"
    );
    let renamed = read("", &[A, "<clusternode name=\"d\" nodeid=\"2\"/>"].join("\n"));
    assert!(change(&old, &renamed).starts_with(
        "f:5: cluster.clusternodes.clusternode[2].name (d): \"b\" -> \"d\"\n  at the next start: a \
         node that runs keeps its name and id"
    ));
    let renumbered = read("", &[A, "<clusternode name=\"b\" nodeid=\"4\"/>"].join("\n"));
    assert!(change(&old, &renumbered).contains("clusternode[2].nodeid (b): \"2\" -> \"4\"\n"));
}

#[test]
fn node_that_goes_is_shown_where_it_was() {
    let (old, new) = (abc(""), read("", &[A, C].join("\n")));
    assert_eq!(
        change(&old, &new),
        "f:5: cluster.clusternodes.clusternode[2] (b): <clusternode name=\"b\" nodeid=\"2\"/> -> \
         none\n\
         \x20 live: node b is forgotten once it is down; quorum 2 of 3 -> 2 of 2\n"
    );
}

#[test]
fn own_name_and_id_stay_while_a_node_runs_and_others_judge_for_themselves() {
    let old = abc("");
    let renamed = read("", &["<clusternode name=\"z\" nodeid=\"1\"/>", B, C].join("\n"));
    assert_eq!(
        restarts(&old, &renamed),
        ["f:4: cluster.clusternodes.clusternode[1]: <clusternode name=\"z\" nodeid=\"1\"/> needs \
             a restart: node a with id 1 runs, and a node keeps its name and id while it does"]
    );
    let renumbered = read("", &["<clusternode name=\"a\" nodeid=\"9\"/>", B, C].join("\n"));
    assert_eq!(restarts(&old, &renumbered).len(), 1);
    assert_eq!(restart_needed(&old, &renamed, NonZeroU32::new(2)), []);
    assert_eq!(restart_needed(&old, &renamed, None), []);
    // One that is taken out stays until it leaves.
    assert_eq!(restarts(&old, &read("", &[B, C].join("\n"))), Vec::<String>::new());
}

#[test]
fn what_needs_a_restart_is_refused_all_at_once_with_line_and_reason() {
    let old = abc("<cman port=\"5405\"/>\n<totem netmtu=\"1500\"/>");
    let new = named(
        "y",
        "<cman port=\"6000\" transport=\"udpu\"/>\n<totem netmtu=\"9000\" key=\"other\"/>",
        &[A, B, C].join("\n"),
    );
    let restarts = restarts(&old, &new);
    let starts = [
        "f:1: cluster.name: \"x\" -> \"y\" needs a restart: a cluster keeps its name and id",
        "f:2: cluster.cman.port: \"5405\" -> \"6000\" needs a restart: nodes with the old",
        "f:2: cluster.cman.transport: none -> \"udpu\" needs a restart: nodes with the old",
        "f:3: cluster.totem.netmtu: \"1500\" -> \"9000\" needs a restart: the size of packets",
        "f:3: cluster.totem.key: none -> \"(hidden)\" needs a restart: nodes with the old and the \
         new key would not hear each other; name the file of the new one as next_keyfile first",
    ];
    assert_eq!(restarts.len(), starts.len(), "{restarts:#?}");
    for (restart, start) in restarts.iter().zip(starts) {
        assert!(restart.starts_with(start), "{restart}");
    }
}

#[test]
fn key_changes_in_two_steps_and_in_no_other_way() {
    let first = abc("<cman keyfile=\"/k1\"/>");
    let both = abc("<cman keyfile=\"/k1\" next_keyfile=\"/k2\"/>");
    let second = abc("<cman keyfile=\"/k2\"/>");
    let effects = |old: &Configuration, new: &Configuration| -> Vec<String> {
        between(old, new).changes.iter().map(|change| change.effect.to_string()).collect()
    };
    assert!(effects(&first, &both)[0].starts_with("live: all nodes read this key"));
    assert_eq!(effects(&both, &first), ["live: the next key is forgotten"]);
    for effect in effects(&both, &second) {
        assert!(effect.starts_with("live: all nodes seal with the key that was next"));
    }
    assert_eq!(restarts(&first, &second).len(), 1);
    assert_eq!(restarts(&both, &abc("<cman keyfile=\"/k3\"/>")).len(), 2);
    // The key of the cluster's name is a key like any other.
    assert_eq!(restarts(&abc("<cman next_keyfile=\"/k2\"/>"), &second), Vec::<String>::new());
}

#[test]
fn secrets_are_named_and_not_shown() {
    let device = |password: &str| {
        format!(
            "<fencedevices><fencedevice name=\"apc\" agent=\"a\" passwd=\"{password}\"/>\
             </fencedevices><totem key=\"{password}\"/>"
        )
    };
    let difference = between(&abc(&device("open")), &abc(&device("sesame")));
    let shown = format!("{difference}{difference:?}");
    assert_eq!(difference.changes.len(), 2, "{shown}");
    assert!(!shown.contains("open") && !shown.contains("sesame"), "{shown}");
    let added = between(&abc(""), &abc(&device("sesame"))).to_string();
    assert!(
        added.contains("<fencedevice name=\"apc\" agent=\"a\" passwd=\"(hidden)\"/>"),
        "{added}"
    );
}

#[test]
fn what_others_read_is_kept() {
    let (old, new) = (abc("<rm log_level=\"5\"/>"), abc("<rm log_level=\"7\"/>"));
    assert_eq!(
        change(&old, &new),
        "f:2: cluster.rm.log_level: \"5\" -> \"7\"\n  no effect here: read by the resource \
         manager\n"
    );
    let service = "<rm><service name=\"web\"><ip address=\"10.0.0.1\"/></service></rm>";
    assert!(change(&abc("<rm/>"), &abc(service)).contains("service (web): none -> <service "));
}

#[test]
fn votes_and_two_node_say_where_the_majority_is() {
    let old = read("<cman two_node=\"1\" expected_votes=\"1\"/>", &[A, B].join("\n"));
    let new = read("<cman expected_votes=\"3\"/>", &[A, B, C].join("\n"));
    let text = between(&old, &new).to_string();
    assert!(
        text.contains("cluster.cman.two_node: \"1\" -> none\n  live: quorum 1 of 2 -> 2 of 3\n")
    );
    assert!(text.contains("  quorum 1 -> 2: when all nodes are there\n"), "{text}");
}

#[test]
fn flood_of_changes_is_counted_and_hides_no_restart() {
    let devices: String =
        (0..20_000).map(|n| format!("<fencedevice name=\"d{n}\" agent=\"a\"/>")).collect();
    let old = abc("");
    let new = abc(&format!("<fencedevices>{devices}</fencedevices><totem netmtu=\"9000\"/>"));
    let difference = between(&old, &new);
    assert_eq!(difference.changes.len(), MOST_CHANGES + 1);
    assert_eq!(difference.more, 20_000 - MOST_CHANGES);
    assert_eq!(restarts(&old, &new).len(), 1);
    assert!(difference.to_string().contains("18976 more changes are not shown"));
}

#[test]
fn difference_is_data_too() {
    let difference = between(&abc(""), &abc("<totem token=\"5000\"/>"));
    assert_eq!(
        serde_json::to_value(&difference.changes).unwrap(),
        serde_json::json!([{
            "path": "cluster.totem.token", "name": null, "old": null, "new": "5000",
            "origin": {"source": "f", "line": 2, "column": 8},
            "effect": {
                "when": "live",
                "what": "token 10000 ms -> 5000 ms; a silent host is given 5 s",
            },
        }])
    );
}

#[test]
fn times_and_disallowing_change_live_and_say_when() {
    let old = abc("<cman/>");
    let new = "<cman disallowed=\"1\" shutdown_timeout=\"200\" quorum_dev_poll=\"500\"/>";
    let told = between(&old, &abc(new)).to_string();
    for line in [
        "live: counts from the next time on that nodes come or go",
        "live: counts when a node is asked next to leave",
        "live: counts from the next poll on",
    ] {
        assert!(told.contains(line), "{told}");
    }
}
