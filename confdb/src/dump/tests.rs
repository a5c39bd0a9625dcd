use proptest::prelude::*;

use super::*;
use crate::load::xml;
use crate::value::Value;

#[test]
fn dump_is_indented_and_keeps_the_order() {
    let text = "<?xml version=\"1.0\"?>\n\
                <cluster name=\"x\" config_version=\"1\">\n\
                \t<cman/>\n\
                \t<clusternodes>\n\
                \t\t<clusternode name=\"a\"/>\n\
                \t\t<clusternode name=\"b\"/>\n\
                \t</clusternodes>\n\
                </cluster>\n";
    let loaded = xml::load("x", text.as_bytes());
    assert_eq!(loaded.problems, []);
    let cluster = loaded.tree.children(Handle::ROOT)[0];
    assert_eq!(to_xml(&loaded.tree, cluster).as_deref(), Ok(text));
}

#[test]
fn what_xml_cannot_carry_is_refused_by_name() {
    let mut tree = Tree::new("x");
    let object = tree.create(Handle::ROOT, "runtime").unwrap();
    tree.set(object, "raw", "a\u{0}b".into()).unwrap();
    let refused = to_xml(&tree, object).unwrap_err();
    assert_eq!(refused.to_string(), "runtime.raw cannot be written as XML: \"a\\0b\"");
    tree.unset(object, "raw").unwrap();
    tree.create(object, "1").unwrap();
    assert!(matches!(to_xml(&tree, object), Err(TreeError::NotXml { .. })));
    assert_eq!(to_xml(&tree, Handle::ROOT), Err(TreeError::Root));
    assert_eq!(to_xml(&tree, Handle::from_number(77)), Err(TreeError::NoSuchObject(77)));
}

/// A tree without the places, for comparison.
fn shape(tree: &Tree, object: Handle) -> Vec<(String, Vec<(String, Value)>)> {
    let keys = tree.keys(object).iter().map(|key| (key.name.clone(), key.value.clone()));
    let mut shape = vec![(tree.path(object).to_string(), keys.collect())];
    shape.extend(tree.children(object).iter().flat_map(|child| self::shape(tree, *child)));
    shape
}

type Plan = Vec<(prop::sample::Index, String, Vec<(String, String)>)>;

fn plan() -> impl Strategy<Value = Plan> {
    let name = || "[a-z_é][a-z0-9_:-]{0,6}";
    let value = prop::collection::vec(
        any::<char>().prop_filter("XML has it", |c| is_xml_character(*c)),
        0..12,
    )
    .prop_map(String::from_iter);
    let keys = prop::collection::vec((name(), value), 0..4);
    prop::collection::vec((any::<prop::sample::Index>(), name(), keys), 0..20)
}

proptest! {
    #[test]
    fn tree_reads_back_from_its_xml(plan in plan()) {
        let mut tree = Tree::new("x");
        let mut objects = vec![tree.create(Handle::ROOT, "cluster").unwrap()];
        for (parent, name, keys) in plan {
            let object = tree.create(*parent.get(&objects), &name).unwrap();
            objects.push(object);
            for (key, value) in keys {
                tree.set(object, &key, value.into()).unwrap();
            }
        }
        let text = to_xml(&tree, objects[0]).unwrap();
        let loaded = xml::load("x", text.as_bytes());
        prop_assert_eq!(&loaded.problems, &[], "{}", text);
        prop_assert_eq!(shape(&loaded.tree, Handle::ROOT), shape(&tree, Handle::ROOT));
    }
}
