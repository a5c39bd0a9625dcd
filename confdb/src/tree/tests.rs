use proptest::prelude::*;

use super::*;

fn two_nodes() -> (Tree, Handle, Handle, Handle) {
    let mut tree = Tree::new("test");
    let cluster = tree.create(Handle::ROOT, "cluster").unwrap();
    let first = tree.create(cluster, "clusternode").unwrap();
    let second = tree.create(cluster, "clusternode").unwrap();
    tree.set(first, "name", "a".into()).unwrap();
    tree.set(second, "name", "b".into()).unwrap();
    (tree, cluster, first, second)
}

fn path(text: &str) -> Path {
    text.parse().unwrap()
}

#[test]
fn siblings_may_share_a_name_and_keep_their_order() {
    let (tree, cluster, first, second) = two_nodes();
    assert_eq!(tree.children(cluster), [first, second]);
    assert_eq!(tree.path(second).to_string(), "cluster.clusternode[2]");
    assert_eq!(tree.path(cluster).to_string(), "cluster");
    assert_eq!(tree.find(&path("cluster.clusternode")), [first, second]);
    assert_eq!(tree.find(&path("cluster.clusternode[2]")), [second]);
    assert_eq!(tree.find(&path("cluster.clusternode[3]")), []);
    let names = tree.find_keys(&path("cluster.clusternode.name"));
    let names: Vec<String> = names.iter().map(|(_, key)| key.value.to_string()).collect();
    assert_eq!(names, ["a", "b"]);
}

#[test]
fn setting_a_key_again_replaces_its_value_in_place() {
    let (mut tree, _, first, _) = two_nodes();
    tree.set(first, "votes", "1".into()).unwrap();
    tree.set(first, "name", "c".into()).unwrap();
    let keys: Vec<&str> = tree.keys(first).iter().map(|key| key.name.as_str()).collect();
    assert_eq!(keys, ["name", "votes"]);
    assert_eq!(tree.key(first, "name").unwrap().value, "c".into());
}

#[test]
fn handle_is_never_reused() {
    let (mut tree, cluster, first, second) = two_nodes();
    tree.delete(first).unwrap();
    let third = tree.create(cluster, "clusternode").unwrap();
    assert!(third != first && !tree.contains(first));
    assert_eq!(tree.children(cluster), [second, third]);
    assert_eq!(tree.set(first, "name", "x".into()), Err(TreeError::NoSuchObject(first.get())));
    assert_eq!(tree.name(first), "");
    assert_eq!(tree.path(first), Path::root());
}

#[test]
fn deletion_is_told_deepest_first() {
    let (mut tree, cluster, first, second) = two_nodes();
    let changes = tree.apply(Edit::Delete { object: cluster }).unwrap();
    let told: Vec<Handle> = changes.iter().map(|change| *change.lineage.last().unwrap()).collect();
    assert_eq!(told, [second, first, cluster]);
    assert_eq!(changes[0].path.to_string(), "cluster.clusternode[2]");
    assert_eq!(tree.children(Handle::ROOT), []);
}

#[test]
fn what_cannot_be_done_is_refused_and_changes_nothing() {
    let (mut tree, cluster, first, _) = two_nodes();
    let before = tree.clone();
    let long = "v".repeat(LONGEST_VALUE + 1);
    assert_eq!(tree.delete(Handle::ROOT), Err(TreeError::Root));
    assert_eq!(tree.set(Handle::ROOT, "a", "b".into()), Err(TreeError::Root));
    assert_eq!(tree.create(Handle(99), "a"), Err(TreeError::NoSuchObject(99)));
    assert_eq!(tree.create(cluster, "a b"), Err(TreeError::BadName("a b".to_owned())));
    assert!(matches!(
        tree.set(first, "k", long.into()),
        Err(TreeError::ValueTooLong { length, .. }) if length == LONGEST_VALUE + 1
    ));
    assert!(matches!(tree.unset(first, "nosuch"), Err(TreeError::NoSuchKey { .. })));
    assert_eq!(tree.unset(Handle(99), "name"), Err(TreeError::NoSuchObject(99)));
    assert_eq!(tree, before);
}

#[test]
fn depth_and_key_count_are_bounded() {
    let mut tree = Tree::new("test");
    let mut at = Handle::ROOT;
    for _ in 0..DEEPEST {
        at = tree.create(at, "a").unwrap();
    }
    assert!(matches!(tree.create(at, "a"), Err(TreeError::Full { most: DEEPEST, .. })));
    for number in 0..MOST_KEYS {
        tree.set(at, &format!("k{number}"), "v".into()).unwrap();
    }
    let full = tree.set(at, "more", "v".into()).unwrap_err();
    assert!(full.to_string().ends_with("has no room for more: at most 1024 keys"), "{full}");
    tree.set(at, "k0", "w".into()).unwrap();
    let deepest = tree.path(at).join("k0", None);
    assert_eq!(deepest.to_string().parse::<Path>(), Ok(deepest));
}

proptest! {
    /// Whatever clients ask, every object is where its parent says, and its path finds it.
    #[test]
    fn edits_keep_the_tree_whole(
        edits in prop::collection::vec((0_u8..4, 0_u64..12, "[ab]{1}"), 0..60),
    ) {
        let mut tree = Tree::new("test");
        for (which, object, name) in edits {
            let object = Handle::from_number(object);
            let edit = match which {
                0 | 1 => Edit::Create { parent: object, name },
                2 => Edit::Set { object, key: name, value: Value::U32(1) },
                _ => Edit::Delete { object },
            };
            let before = tree.clone();
            if tree.apply(edit).is_err() {
                prop_assert_eq!(&tree, &before);
            }
        }
        for object in tree.objects.keys().copied() {
            for child in tree.children(object) {
                prop_assert_eq!(tree.parent(*child), Some(object));
            }
            if object != Handle::ROOT {
                prop_assert!(tree.children(tree.parent(object).unwrap()).contains(&object));
                prop_assert!(tree.find(&tree.path(object)).contains(&object));
            }
        }
    }
}

// -- becoming like another ----------------------------------------------------------------------

/// An object: which of those before it holds it, its name, a key and its value.
type Seed = (usize, u8, Option<(u8, u8)>);

/// A tree of a few names with siblings of one name.
fn shape() -> impl Strategy<Value = Vec<Seed>> {
    prop::collection::vec((0..12_usize, 0..3_u8, prop::option::of((0..3_u8, 0..3_u8))), 0..14)
}

fn built(shape: &[Seed]) -> Tree {
    let mut tree = Tree::new("");
    let mut objects = vec![Handle::ROOT];
    for (parent, name, key) in shape {
        let parent = objects[parent % objects.len()];
        let object = tree.create(parent, &format!("o{name}")).unwrap();
        objects.push(object);
        if let Some((key, value)) = key {
            tree.set(object, &format!("k{key}"), Value::from(value.to_string())).unwrap();
        }
    }
    tree
}

/// Everything in order, without handles.
fn content(tree: &Tree) -> Vec<(String, Vec<(String, Value)>)> {
    let keys = |object| {
        tree.keys(object).iter().map(|key| (key.name.clone(), key.value.clone())).collect()
    };
    let objects = tree.walk(Handle::ROOT).into_iter();
    objects.map(|object| (tree.path(object).to_string(), keys(object))).collect()
}

proptest! {
    #[test]
    fn tree_that_becomes_like_another_is_like_it(first in shape(), second in shape()) {
        let (mut ours, theirs) = (built(&first), built(&second));
        let before = ours.walk(Handle::ROOT);
        let changes = ours.become_like(Handle::ROOT, &theirs, Handle::ROOT);
        prop_assert_eq!(content(&ours), content(&theirs));
        if content(&built(&first)) == content(&theirs) {
            prop_assert!(changes.is_empty());
        }
        prop_assert!(ours.become_like(Handle::ROOT, &theirs, Handle::ROOT).is_empty());
        // Who stays keeps the handle; who came has a new one.
        let came = changes.iter().filter(|change| change.kind == ChangeKind::Created).count();
        let new = ours.walk(Handle::ROOT).iter().filter(|object| !before.contains(object)).count();
        prop_assert!(new <= came);
    }
}

#[test]
fn objects_that_stay_keep_their_handles_and_new_ones_stand_where_they_should() {
    let mut ours = built(&[(0, 0, Some((0, 1))), (0, 1, None)]);
    let [first, second] = *ours.children(Handle::ROOT) else { panic!("two children") };
    let theirs = built(&[(0, 2, None), (0, 0, Some((0, 2))), (0, 0, None), (0, 1, None)]);
    let changes = ours.become_like(Handle::ROOT, &theirs, Handle::ROOT);
    let children = ours.children(Handle::ROOT);
    assert_eq!((children[1], children[3]), (first, second));
    let told: Vec<String> = changes.iter().map(|change| change.path.to_string()).collect();
    assert_eq!(told, ["o2", "o0[2]", "o0[1]"]);
}
