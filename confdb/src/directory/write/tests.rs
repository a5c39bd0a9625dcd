use super::*;
use crate::load::xml;

fn tree(text: &str) -> (Tree, Handle) {
    let loaded = xml::load("cluster.conf", text.as_bytes());
    assert!(loaded.sound, "{:?}", loaded.problems);
    let cluster = loaded.tree.children(Handle::ROOT)[0];
    (loaded.tree, cluster)
}

fn names(text: &str) -> Vec<String> {
    let (tree, cluster) = tree(text);
    let base = "dc=de".parse().expect("a name");
    let written = entries(&tree, cluster, &base).expect("it can be written");
    written.entries.iter().map(|entry| entry.dn.to_string()).collect()
}

#[test]
fn one_container_holds_all_named_objects_of_an_element() {
    let found = names(
        "<cluster name='c' config_version='1'><clusternodes><clusternode name='a' nodeid='1'/>\
         <clusternode name='b' nodeid='2'/></clusternodes></cluster>",
    );
    assert_eq!(
        found,
        [
            "name=cluster,dc=de",
            "cn=clusternodes,name=cluster,dc=de",
            "cn=clusternode,cn=clusternodes,name=cluster,dc=de",
            "name=a,cn=clusternode,cn=clusternodes,name=cluster,dc=de",
            "name=b,cn=clusternode,cn=clusternodes,name=cluster,dc=de",
        ]
    );
}

#[test]
fn siblings_that_a_server_would_take_for_one_carry_their_place() {
    let found = names(
        "<cluster name='c' config_version='1'><rm><service name='s'><ip ref='1'/><ip ref='2'/>\
         <fs name='X'/><fs name='x'/><script ref='a'/><script name='b'/></service></rm></cluster>",
    );
    let own: Vec<&str> = found.iter().map(|dn| dn.split(',').next().unwrap_or_default()).collect();
    assert_eq!(
        own[4..],
        [
            "cn=ip",
            "cn=ip+rhcsOrder=2",
            "cn=fs",
            "name=X",
            "name=x+rhcsOrder=4",
            "cn=script+rhcsOrder=5",
            "cn=script",
            "name=b",
        ]
    );
}

#[test]
fn what_a_directory_cannot_hold_is_refused_all_at_once_with_lines() {
    let (tree, cluster) = tree(
        "<cluster name='c' config_version='1'>\n<rm foo-bar='1'/>\n<rm log_level='ü'/>\n\
         <service name=' '/>\n<bogus x='1'/></cluster>",
    );
    let base = "dc=de".parse().expect("a name");
    let problems = entries(&tree, cluster, &base).expect_err("it cannot be written");
    let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        texts,
        [
            "cluster.conf:2: cluster.rm[1].foo-bar: no attribute of a directory gives back the \
             name foo-bar",
            "cluster.conf:3: cluster.rm[2].log_level: \"ü\" is not ASCII, all that the schema \
             takes",
            "cluster.conf:4: cluster.service.name: \" \" is not a name that an entry can have",
            "cluster.conf:5: warning: cluster.bogus: the schema has no class rhcsBogus: the \
             server needs one more",
        ]
    );
}
