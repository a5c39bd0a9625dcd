use proptest::prelude::*;

use super::super::effect::Effect;
use super::*;
use crate::stack::map::Value;

const ONE: SessionId = SessionId(1);
const TWO: SessionId = SessionId(2);

/// Objects with what came out of them.
#[derive(Default)]
struct Bench {
    objects: Objects,
    outbox: Outbox,
    /// What is wanted of the configuration.
    wishes: Vec<Written>,
}

impl Bench {
    fn new() -> Self {
        let mut bench = Self::default();
        bench.configure(&["one", "two"]);
        bench.count(1);
        bench
    }

    /// A configuration of these nodes.
    fn configure(&mut self, nodes: &[&str]) {
        let mut shown = Tree::new("");
        let cluster = shown.create(Handle::ROOT, "cluster").unwrap();
        for name in nodes {
            let node = shown.create(cluster, "clusternode").unwrap();
            shown.set(node, "name", (*name).into()).unwrap();
        }
        shown.create(Handle::ROOT, "totem").unwrap();
        self.objects.show_configuration(&shown, &mut self.outbox);
    }

    fn count(&mut self, number: u64) {
        let mut shown = Tree::new("");
        let runtime = shown.create(Handle::ROOT, "runtime").unwrap();
        shown.set(runtime, "number", confdb::Value::U64(number)).unwrap();
        self.objects.show_running(&shown, &mut self.outbox);
    }

    fn ask(&mut self, command: TreeCommand) -> Result<ObjectsFound, ObjectRefused> {
        match self.objects.command(ONE, command, &mut self.outbox)? {
            Answer::Found(found) => Ok(found),
            Answer::Written(wish) => {
                self.wishes.push(wish);
                Ok(ObjectsFound::Done)
            }
        }
    }

    fn create(&mut self, parent: Handle, name: &str) -> Handle {
        match self.ask(TreeCommand::Create { parent, name: name.to_owned() }) {
            Ok(ObjectsFound::Object(object)) => object,
            other => panic!("{other:?}"),
        }
    }

    fn set(&mut self, object: Handle, key: &str, value: Value) -> Result<(), ObjectRefused> {
        self.ask(TreeCommand::Set { object, key: key.to_owned(), value }).map(drop)
    }

    fn find(&mut self, path: &str) -> Handle {
        match self.ask(TreeCommand::Find(path.to_owned())) {
            Ok(ObjectsFound::Found { objects, .. }) => objects[0],
            other => panic!("{other:?}"),
        }
    }

    fn tops(&self) -> Vec<&str> {
        let tree = &self.objects.tree;
        tree.children(Handle::ROOT).iter().map(|top| tree.name(*top)).collect()
    }

    fn told(&mut self) -> Vec<String> {
        let effects: Vec<Effect> = std::iter::from_fn(|| self.outbox.poll()).collect();
        let told = |effect| {
            let Effect::Notify { to, notice: Notice::Object(change) } = effect else {
                panic!("{effect:?}");
            };
            let ObjectChange { number, path, what, .. } = change;
            let what = match what {
                What::Created => "created".to_owned(),
                What::Deleted => "deleted".to_owned(),
                What::Set { key, value } => format!("{key} {value:?}"),
                What::Unset { key } => format!("{key} -"),
            };
            format!("{}/{number} {path} {what}", to.0)
        };
        effects.into_iter().map(told).collect()
    }
}

#[test]
fn programs_have_objects_of_their_own_behind_what_is_shown() {
    let mut bench = Bench::new();
    let app = bench.create(Handle::ROOT, "app");
    bench.set(app, "key", Value::text("value")).unwrap();
    assert_eq!(bench.tops(), ["cluster", "totem", "runtime", "app"]);
    bench.configure(&["two", "three"]);
    bench.count(2);
    assert_eq!(bench.tops(), ["cluster", "totem", "runtime", "app"]);
    let Ok(ObjectsFound::Page(page)) = bench.ask(TreeCommand::List { object: app, after: None })
    else {
        panic!("no page");
    };
    assert_eq!(page.objects[0].keys, [("key".to_owned(), Value::text("value"))]);
    bench.ask(TreeCommand::Unset { object: app, key: "key".to_owned() }).unwrap();
    bench.ask(TreeCommand::Delete(app)).unwrap();
    assert_eq!(bench.objects.programs, (0, 0));
    let gone = bench.ask(TreeCommand::Delete(app)).unwrap_err();
    assert_eq!(gone.to_string(), format!("object {} does not exist", app.get()));
}

#[test]
fn what_is_shown_is_refused_by_name() {
    let mut bench = Bench::new();
    let runtime = bench.find("runtime");
    let why = bench.ask(TreeCommand::Delete(runtime)).unwrap_err().to_string();
    assert!(why.starts_with("runtime shows how the daemon"), "{why}");
    let second = TreeCommand::Create { parent: Handle::ROOT, name: "cluster".to_owned() };
    assert_eq!(bench.ask(second), Err(ObjectRefused::Configuration("cluster".to_owned())));
    assert_eq!(bench.ask(TreeCommand::Delete(Handle::ROOT)), Err(confdb::TreeError::Root.into()));
    let totem = bench.find("totem");
    let why = bench.ask(TreeCommand::Delete(totem)).unwrap_err();
    assert_eq!(why, ObjectRefused::Configuration("totem".to_owned()));
    assert_eq!(bench.wishes, []);
}

#[test]
fn what_the_configuration_says_is_changed_by_all_nodes_or_none() {
    let mut bench = Bench::new();
    let node = bench.find("cluster.clusternode[2]");
    bench.set(node, "votes", Value::text("5")).unwrap();
    let cluster = bench.find("cluster");
    bench.ask(TreeCommand::Create { parent: cluster, name: "clusternode".to_owned() }).unwrap();
    let wishes: Vec<String> =
        bench.wishes.iter().map(|wish| format!("{} {:?}", wish.about, wish.told)).collect();
    assert_eq!(wishes[0], "cluster.clusternode[2] Done");
    assert_eq!(wishes[1].split(' ').next(), Some("cluster.clusternode"));
    let third: Path = "cluster.clusternode[3]".parse().unwrap();
    assert_eq!(bench.wishes[1].told, written::Told::Object(third));
    assert_eq!(bench.find("cluster.clusternode[2]"), node, "nothing was changed here");
    assert_eq!(bench.told(), [""; 0]);
}

#[test]
fn who_watches_is_told_of_programs_and_of_new_versions() {
    let mut bench = Bench::new();
    let cluster = bench.find("cluster");
    let watch = |number, object, subtree| TreeCommand::Watch { number, object, subtree };
    bench.ask(watch(7, cluster, true)).unwrap();
    bench.objects.command(TWO, watch(7, Handle::ROOT, false), &mut bench.outbox).unwrap();
    bench.configure(&["one", "three", "four"]);
    assert_eq!(
        bench.told(),
        [
            "1/7 cluster.clusternode[3] created",
            "1/7 cluster.clusternode[2] name Text(b\"three\")",
            "1/7 cluster.clusternode[3] name Text(b\"four\")",
        ]
    );
    let app = bench.create(Handle::ROOT, "app");
    assert_eq!(bench.told(), ["2/7 app created"]);
    bench.ask(watch(8, app, false)).unwrap();
    assert_eq!(bench.ask(watch(8, app, false)), Err(ObjectRefused::WatchTaken(8)));
    bench.set(app, "key", Value::U16(1)).unwrap();
    bench.ask(TreeCommand::Delete(app)).unwrap();
    assert_eq!(bench.told(), ["1/8 app key U16(1)", "2/7 app deleted", "1/8 app deleted"]);
    assert_eq!(bench.ask(TreeCommand::Unwatch(8)), Err(ObjectRefused::NoWatch(8)));
    bench.ask(TreeCommand::Unwatch(7)).unwrap();
    bench.objects.gone(TWO);
    assert!(!bench.objects.are_watched());
    bench.create(Handle::ROOT, "other");
    bench.configure(&[]);
    assert_eq!(bench.told(), [""; 0]);
}

#[test]
fn objects_have_no_small_numbers_and_only_text_that_is_text() {
    let mut bench = Bench::new();
    let app = bench.create(Handle::ROOT, "app");
    assert!(matches!(bench.set(app, "key", Value::U8(1)), Err(ObjectRefused::Value { .. })));
    let bytes = Value::Text(vec![0xff].into());
    let why = bench.set(app, "key", bytes).unwrap_err().to_string();
    assert_eq!(why, "key cannot have this value: text in UTF-8 is expected");
    bench.set(app, "key", Value::Binary(vec![0xff].into())).unwrap();
}

#[test]
fn programs_cannot_fill_the_daemon() {
    let mut bench = Bench::new();
    for _ in 0..MOST_OBJECTS {
        bench.create(Handle::ROOT, "app");
    }
    let more = TreeCommand::Create { parent: Handle::ROOT, name: "app".to_owned() };
    assert_eq!(bench.ask(more), Err(ObjectRefused::Full));
    bench.configure(&["one", "two", "three"]);
    assert!(matches!(bench.find("cluster.clusternode[3]"), Handle { .. }));
    let app = bench.find("app");
    let long = Value::text(&"x".repeat(3 << 10));
    let mut keys = 0;
    while bench.set(app, &format!("k{keys}"), long.clone()).is_ok() {
        keys += 1;
        assert!(keys <= 1024);
    }
}

#[test]
fn pages_give_every_object_once_in_document_order() {
    let mut bench = Bench::new();
    let mut parent = Handle::ROOT;
    for number in 0..1200 {
        let object = bench.create(parent, &format!("app{number}"));
        parent = if number % 40 == 0 { Handle::ROOT } else { object };
    }
    let (mut found, mut after, mut pages) = (Vec::new(), None, 0);
    loop {
        let list = TreeCommand::List { object: Handle::ROOT, after };
        let Ok(ObjectsFound::Page(page)) = bench.ask(list) else { panic!("no page") };
        found.extend(page.objects.iter().map(|object| object.object));
        pages += 1;
        if !page.more {
            break;
        }
        after = found.last().copied();
    }
    assert_eq!((found, pages), (bench.objects.tree.walk(Handle::ROOT), 3));
}

#[derive(Clone, Debug)]
enum Step {
    Ask(TreeCommand),
    Configure(usize),
    Count(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let object = || (0..24_u64).prop_map(Handle::from_number);
    let name = || prop_oneof![9 => "[a-c]", 1 => "cluster", 1 => "[ -~]{0,3}"];
    prop_oneof![
        (object(), name())
            .prop_map(|(parent, name)| Step::Ask(TreeCommand::Create { parent, name })),
        (object(), name(), any::<u16>()).prop_map(|(object, key, number)| {
            Step::Ask(TreeCommand::Set { object, key, value: Value::U16(number) })
        }),
        (object(), name()).prop_map(|(object, key)| Step::Ask(TreeCommand::Unset { object, key })),
        object().prop_map(|object| Step::Ask(TreeCommand::Delete(object))),
        (0..4_u64, object(), any::<bool>()).prop_map(|(number, object, subtree)| {
            Step::Ask(TreeCommand::Watch { number, object, subtree })
        }),
        (0..4_u64).prop_map(|number| Step::Ask(TreeCommand::Unwatch(number))),
        (0..4_usize).prop_map(Step::Configure),
        any::<u64>().prop_map(Step::Count),
    ]
}

proptest! {
    /// Whatever programs do, what is shown stays as it is, and what they hold is counted.
    #[test]
    fn what_is_shown_stays_whatever_programs_do(steps in prop::collection::vec(step(), 0..60)) {
        let mut bench = Bench::new();
        let (mut nodes, mut number) = (2, 1);
        for step in steps {
            match step {
                Step::Ask(command) => drop(bench.ask(command)),
                Step::Configure(count) => {
                    nodes = count;
                    bench.configure(&["n"; 4][..count]);
                }
                Step::Count(count) => {
                    number = count;
                    bench.count(count);
                }
            }
            let objects = &bench.objects;
            let find = |path: &str| objects.tree.find(&path.parse().unwrap());
            prop_assert_eq!(find("cluster.clusternode").len(), nodes);
            let runtime = find("runtime")[0];
            let shown = &objects.tree.key(runtime, "number").unwrap().value;
            prop_assert_eq!(shown, &confdb::Value::U64(number));
            prop_assert_eq!(&bench.tops()[..3], ["cluster", "totem", "runtime"]);
            prop_assert_eq!(objects.counted(), objects.programs);
            for (id, watch) in &objects.numbers {
                let watched = objects.watches.watches(*watch).unwrap();
                prop_assert!(objects.tree.contains(watched));
                prop_assert_eq!(objects.sessions.get(watch), Some(id));
            }
            prop_assert_eq!(objects.numbers.len(), objects.sessions.len());
        }
    }
}
