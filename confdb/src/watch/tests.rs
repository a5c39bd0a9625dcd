use super::*;
use crate::tree::{Edit, Tree};

struct Bench {
    tree: Tree,
    watches: Watches,
    cluster: Handle,
    cman: Handle,
}

impl Bench {
    fn new() -> Self {
        let mut tree = Tree::new("test");
        let cluster = tree.create(Handle::ROOT, "cluster").unwrap();
        let cman = tree.create(cluster, "cman").unwrap();
        Self { tree, watches: Watches::default(), cluster, cman }
    }

    fn told(&mut self, edit: Edit) -> Vec<u64> {
        let changes = self.tree.apply(edit).unwrap();
        self.watches.notices(&changes).iter().map(|notice| notice.watch.get()).collect()
    }

    fn set_votes(&mut self) -> Vec<u64> {
        let object = self.cman;
        self.told(Edit::Set { object, key: "expected_votes".to_owned(), value: "1".into() })
    }
}

#[test]
fn watch_of_a_subtree_sees_what_happens_below() {
    let mut bench = Bench::new();
    let everything = bench.watches.watch(Handle::ROOT, Depth::Subtree).unwrap();
    let cluster = bench.watches.watch(bench.cluster, Depth::Object).unwrap();
    let cman = bench.watches.watch(bench.cman, Depth::Object).unwrap();
    assert_eq!(bench.set_votes(), [everything.get(), cman.get()]);
    let parent = bench.cluster;
    let created = bench.told(Edit::Create { parent, name: "rm".to_owned() });
    assert_eq!(created, [everything.get(), cluster.get()]);
}

#[test]
fn watch_ends_with_its_object_and_says_so() {
    let mut bench = Bench::new();
    let cman = bench.watches.watch(bench.cman, Depth::Object).unwrap();
    let object = bench.cluster;
    assert_eq!(bench.told(Edit::Delete { object }), [cman.get()]);
    assert_eq!(bench.watches.unwatch(cman), Err(TreeError::NoSuchWatch(cman.get())));
}

#[test]
fn ended_watch_is_told_nothing() {
    let mut bench = Bench::new();
    let cman = bench.watches.watch(bench.cman, Depth::Subtree).unwrap();
    bench.watches.unwatch(cman).unwrap();
    assert_eq!(bench.set_votes(), [0; 0]);
}

#[test]
fn watches_are_bounded() {
    let mut watches = Watches::default();
    for _ in 0..MOST_WATCHES {
        watches.watch(Handle::ROOT, Depth::Object).unwrap();
    }
    assert_eq!(
        watches.watch(Handle::ROOT, Depth::Object),
        Err(TreeError::TooManyWatches(MOST_WATCHES))
    );
}
