use super::*;

fn cluster(names: &[&str]) -> Cluster {
    let nodes: String = names
        .iter()
        .enumerate()
        .map(|(index, name)| format!(r#"<clusternode name="{name}" nodeid="{}"/>"#, index + 1))
        .collect();
    let text = format!(
        r#"<cluster name="c" config_version="1"><clusternodes>{nodes}</clusternodes></cluster>"#
    );
    confdb::load::configuration("test", text.as_bytes()).expect("valid").cluster
}

#[test]
fn addresses_as_names_stand_for_themselves() {
    let cluster = cluster(&["127.0.0.1", "127.0.0.2"]);
    let resolved = resolve(&cluster);
    assert_eq!(resolved["127.0.0.2"], ["127.0.0.2".parse::<IpAddr>().expect("valid")]);
    let me = local_node(&cluster, Some("127.0.0.2"), &resolved).expect("all are on loopback");
    assert_eq!(me.id.get(), 2);
}

#[test]
fn loopback_is_refused_unless_all_nodes_are_on_it() {
    let cluster = cluster(&["127.0.0.1", "192.0.2.7"]);
    let resolved = resolve(&cluster);
    let error = local_node(&cluster, Some("127.0.0.1"), &resolved).expect_err("not reachable");
    assert!(error.to_string().contains("Node name resolves to localhost"), "{error}");
}
