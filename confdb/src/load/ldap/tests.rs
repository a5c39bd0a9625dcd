use proptest::prelude::*;

use super::*;
use crate::directory::write;
use crate::load::xml;
use crate::{dump, ldif};

const BASE: &str = "dc=tuxgeek,dc=de";

fn base() -> Dn {
    BASE.parse().expect("a name")
}

/// There and back, through text, in the order in which `shuffle` puts the entries.
fn back(tree: &Tree, shuffle: impl Fn(&mut Vec<Entry>)) -> Loaded {
    let cluster = tree.children(Handle::ROOT)[0];
    let written = write::entries(tree, cluster, &base()).expect("it can be written");
    let text = ldif::write(&written.entries, true);
    let mut entries = ldif::read("cluster.ldif", text.as_bytes()).expect("what was written");
    shuffle(&mut entries);
    load("ldap://test", &base(), &entries)
}

fn loaded(text: &str) -> Tree {
    let loaded = xml::load("cluster.conf", text.as_bytes());
    assert!(loaded.sound, "{:?}", loaded.problems);
    loaded.tree
}

fn xml_of(tree: &Tree) -> String {
    dump::to_xml(tree, tree.children(Handle::ROOT)[0]).expect("it can be written")
}

/// Keys sorted, and children where order means nothing: what two equal configurations share.
fn canonical(tree: &Tree, object: Handle) -> String {
    let mut keys: Vec<String> =
        tree.keys(object).iter().map(|key| format!("{}={}", key.name, key.value)).collect();
    keys.sort();
    let children = tree.children(object).iter();
    let mut children: Vec<String> = children.map(|child| canonical(tree, *child)).collect();
    if crate::directory::is_unordered(tree.name(object)) {
        children.sort();
    }
    format!("{}{keys:?}{children:?}", tree.name(object))
}

const FENCED: &str = "<cluster name='iscsicluster' config_version='5'>
  <cman two_node='1' expected_votes='1'/>
  <clusternodes>
    <clusternode name='iscsi1' votes='1' nodeid='1'>
      <fence>
        <method name='second'><device name='nps' port='2'/><device name='nps' port='3'/></method>
        <method name='first'><device name='ipmi, rack+1' action='off'/></method>
      </fence>
    </clusternode>
    <clusternode name='iscsi2' votes='1' nodeid='2'><fence/></clusternode>
  </clusternodes>
  <fencedevices><fencedevice name='nps' agent='fence_nps' passwd=' x'/></fencedevices>
  <rm>
    <failoverdomains><failoverdomain name='d' ordered='1'>
      <failoverdomainnode name='iscsi2' priority='1'/>
      <failoverdomainnode name='iscsi1' priority='2'/>
    </failoverdomain></failoverdomains>
    <resources><ip address='10.0.0.1'/><script name='www' file='/etc/init.d/www'/></resources>
    <service name='www' __independent_subtree='1'>
      <ip ref='10.0.0.1'><fs name='data' device='/dev/sda'/><script ref='www'/></ip>
    </service>
  </rm>
</cluster>";

#[test]
fn a_whole_configuration_comes_back_in_any_order_of_the_answer() {
    let tree = loaded(FENCED);
    let found = back(&tree, |_| {});
    assert!(found.sound, "{:?}", found.problems);
    assert_eq!(canonical(&found.tree, Handle::ROOT), canonical(&tree, Handle::ROOT));
    let again = back(&tree, |entries| {
        entries.reverse();
        entries.iter_mut().for_each(|entry| entry.attributes.reverse());
    });
    assert_eq!(xml_of(&again.tree), xml_of(&found.tree), "key for key");
}

#[test]
fn what_cman_wrote_is_read_as_it_was_meant() {
    // Its containers stand once for every sibling; a server keeps one. Servers add the value of the
    // topmost RDN.
    let text = "dn: name=cluster,dc=tuxgeek,dc=de\nname: cluster\nname: iscsicluster\n\
                rhcsConfig-version: 5\nobjectclass: rhcsCluster\n\n\
                dn: cn=clusternodes,name=cluster,dc=tuxgeek,dc=de\ncn: clusternodes\n\n\
                dn: cn=clusternode,cn=clusternodes,name=cluster,dc=tuxgeek,dc=de\ncn: clusternode\n\n\
                dn: name=iscsi2,cn=clusternode,cn=clusternodes,name=cluster,dc=tuxgeek,dc=de\n\
                name: iscsi2\nrhcsNodeid: 2\n\n\
                dn: name=iscsi1,cn=clusternode,cn=clusternodes,name=cluster,dc=tuxgeek,dc=de\n\
                name: iscsi1\nrhcsNodeid: 1\nentryUUID: 1\n\n\
                dn: dc=tuxgeek,dc=de\ndc: tuxgeek\n\n\
                dn: cn=people,dc=tuxgeek,dc=de\ncn: people\n";
    let entries = ldif::read("x.ldif", text.as_bytes()).expect("it is LDIF");
    let found = load("x.ldif", &base(), &entries);
    assert_eq!(
        xml_of(&found.tree),
        "<?xml version=\"1.0\"?>\n<cluster name=\"iscsicluster\" config_version=\"5\">\n\
         \t<clusternodes>\n\t\t<clusternode name=\"iscsi1\" nodeid=\"1\"/>\n\
         \t\t<clusternode name=\"iscsi2\" nodeid=\"2\"/>\n\t</clusternodes>\n</cluster>\n"
    );
}

#[test]
fn what_is_wrong_is_said_with_the_entry() {
    let text = "dn: name=cluster,dc=tuxgeek,dc=de\nname: a\nname: b\n\n\
                dn: cn=x,name=cluster,dc=tuxgeek,dc=de\nrhcsFoo: 1\nrhcsFoo: 2\nrhcsOrder: two\n\n\
                dn: cn=gone,cn=missing,name=cluster,dc=tuxgeek,dc=de\ncn: gone\n\n\
                dn: name=n,cn=x,name=cluster,dc=tuxgeek,dc=de\nname:: /w==\n\n\
                dn: ou=odd,name=cluster,dc=tuxgeek,dc=de\nou: odd\n";
    let entries = ldif::read("x.ldif", text.as_bytes()).expect("it is LDIF");
    let found = load("x.ldif", &base(), &entries);
    assert!(!found.sound);
    let texts: Vec<String> = found.problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        texts,
        [
            "x.ldif:1: name=cluster,dc=tuxgeek,dc=de: name has two values: \"a\" and \"b\"",
            "x.ldif:5: cn=x,name=cluster,dc=tuxgeek,dc=de: it holds named entries and has foo \
             itself: which element is it?",
            "x.ldif:10: cn=gone,cn=missing,name=cluster,dc=tuxgeek,dc=de: the entry above it is \
             missing",
            "x.ldif:13: name=n,cn=x,name=cluster,dc=tuxgeek,dc=de: the value of name is not UTF-8",
            "x.ldif:16: ou=odd,name=cluster,dc=tuxgeek,dc=de: its name has no cn, and the entry \
             above it no element",
        ]
    );
    let nothing = load("ldap://test", &base(), &[]);
    let texts: Vec<String> = nothing.problems.iter().map(ToString::to_string).collect();
    assert_eq!(texts, ["ldap://test: there is no entry name=cluster,dc=tuxgeek,dc=de"]);
}

/// An object with keys that a directory can hold, and children of its own.
fn any_object() -> impl Strategy<Value = String> {
    let element = prop::sample::select(vec!["ip", "fs", "script", "vm", "method", "device"]);
    let name = prop::option::of(prop::sample::select(vec!["a", "A", "b,c", " d", "ü+e", "#f"]));
    let value = "[ -~]{0,12}";
    let leaf = (element.clone(), name.clone(), prop::option::of(value));
    let leaf = leaf.prop_map(|(element, name, value)| open(element, name, value) + "/>");
    leaf.prop_recursive(4, 24, 4, move |inner| {
        (element.clone(), name.clone(), prop::collection::vec(inner, 0..4)).prop_map(
            |(element, name, inner)| {
                format!("{}>{}</{element}>", open(element, name, None), inner.concat())
            },
        )
    })
}

fn open(element: &str, name: Option<&str>, value: Option<String>) -> String {
    let escaped =
        |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('\'', "&apos;");
    let name = name.map_or_else(String::new, |name| format!(" name='{}'", escaped(name)));
    let value = value.map_or_else(String::new, |value| format!(" some_key='{}'", escaped(&value)));
    format!("<{element}{name}{value}")
}

proptest! {
    #[test]
    fn every_configuration_comes_back(objects in prop::collection::vec(any_object(), 0..5)) {
        let objects = objects.concat();
        let text = format!("<cluster name='c' config_version='1'><rm>{objects}</rm></cluster>");
        let tree = loaded(&text);
        let found = back(&tree, |entries| entries.reverse());
        prop_assert!(found.sound, "{:?}", found.problems);
        prop_assert_eq!(canonical(&found.tree, Handle::ROOT), canonical(&tree, Handle::ROOT));
    }

    #[test]
    fn hostile_entries_never_panic(
        names in prop::collection::vec("(cn|name|ou)=(cluster|a|b)(,(cn|name)=(a|x)){0,3}", 0..12),
        values in prop::collection::vec(("(name|rhcs.{0,3}|cn|rhcsOrder)", any::<Vec<u8>>()), 0..4),
    ) {
        let attributes: Vec<Attribute> =
            values.into_iter().map(|(name, value)| Attribute { name, value }).collect();
        let entry = |name: &String| {
            let dn = format!("{name},name=cluster,{BASE}").parse().expect("it is a name");
            Entry { dn, attributes: attributes.clone(), line: None }
        };
        let top = Entry { dn: base().child(Rdn::new("name", TOP)), attributes: vec![], line: None };
        let entries: Vec<Entry> = names.iter().map(entry).chain([top]).collect();
        let _ = load("test", &base(), &entries);
    }
}
