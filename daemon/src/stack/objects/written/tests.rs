use proptest::prelude::*;

use super::*;

fn path(text: &str) -> Path {
    text.parse().expect("it is a path")
}

fn set(object: &str, key: &str) -> Step {
    let (object, key) = (path(object), key.to_owned());
    Step::Set { object, key, value: "v".to_owned(), make: true }
}

fn steps(asked: &[Step]) -> Result<Vec<Step>, String> {
    edits(asked).map(|wish| wish.steps).map_err(|why| why.to_string())
}

#[test]
fn sections_are_written_within_the_cluster() {
    let asked = [
        set("cluster.clusternodes.clusternode[2]", "votes"),
        set("totem", "token"),
        set("logging.logging_daemon[2]", "debug"),
        Step::Delete(path("uidgid")),
        Step::Create(path("cluster.rm")),
    ];
    let written = [
        set("cluster.clusternodes.clusternode[2]", "votes"),
        set("cluster.totem", "token"),
        set("cluster.logging.logging_daemon[2]", "debug"),
        Step::Delete(path("cluster.uidgid")),
        Step::Create(path("cluster.rm")),
    ];
    assert_eq!(steps(&asked), Ok(written.to_vec()));
}

#[test]
fn only_what_is_always_shown_is_made_for_a_key() {
    let makes = |object: &str| {
        let (object, key, value) = (path(object), "key".to_owned(), "v".to_owned());
        let asked = Step::Set { object, key, value, make: false };
        let made = steps(&[asked]).expect("it may");
        matches!(made[..], [Step::Set { make: true, .. }])
    };
    assert!(["cluster.cman", "totem", "logging"].into_iter().all(makes));
    assert!(!["cluster.rm", "logging.logging_daemon[2]", "cluster"].into_iter().any(makes));
}

#[test]
fn what_follows_from_elsewhere_is_refused_with_its_place() {
    let why = |object: &str, key: &str| steps(&[set(object, key)]).expect_err("it follows");
    let nodename = why("cluster.cman", "nodename");
    assert!(nodename.starts_with("cluster.cman.nodename follows from"), "{nodename}");
    assert!(why("totem", "nodeid").contains("cluster.clusternodes"));
    assert!(why("totem.interface", "mcastport").contains("cluster.cman.port"));
    assert!(why("quorum", "provider").contains("cluster.cman"));
    let keys = vec![("a".to_owned(), "1".to_owned()), ("vsftype".to_owned(), "none".to_owned())];
    let new = Step::New { object: path("totem"), keys };
    assert!(steps(&[new]).expect_err("it follows").starts_with("totem.vsftype follows"));
    for elsewhere in ["runtime.connections", "app", "internal_configuration"] {
        assert_eq!(why(elsewhere, "key"), format!("{elsewhere} is no part of the configuration"));
    }
    assert_eq!(edits(&[Step::Delete(Path::root())]), Err(ObjectRefused::Elsewhere(String::new())));
}

#[test]
fn objects_of_programs_and_what_only_looks_are_none_of_it() {
    let mut tree = Tree::new("");
    let app = tree.create(Handle::ROOT, "app").expect("there is room");
    let cluster = tree.create(Handle::ROOT, CLUSTER).expect("there is room");
    let key = || "key".to_owned();
    for command in [
        TreeCommand::Set { object: app, key: key(), value: Value::U8(1) },
        TreeCommand::Unset { object: app, key: key() },
        TreeCommand::Create { parent: Handle::ROOT, name: CLUSTER.to_owned() },
        TreeCommand::Delete(cluster),
        TreeCommand::Delete(Handle::from_number(9)),
        TreeCommand::List { object: cluster, after: None },
        TreeCommand::Find(key()),
        TreeCommand::Unwatch(1),
    ] {
        assert_eq!(written(&tree, &command), Ok(None), "{command:?}");
    }
    let number = TreeCommand::Set { object: cluster, key: key(), value: Value::U32(1) };
    let why = written(&tree, &number).expect_err("attributes are text").to_string();
    assert_eq!(why, "key cannot have this value: text in UTF-8 is expected");
}

proptest! {
    /// Whatever is asked for lies within the cluster, or is refused.
    #[test]
    fn nothing_is_written_outside(
        names in prop::collection::vec("[a-z]{1,3}|totem|cluster", 0..4),
    ) {
        let object = names.iter().fold(Path::root(), |path, name| path.join(name, None));
        if let Ok(wish) = edits(&[Step::Create(object)]) {
            let first = self::super::path(&wish.steps[0]).steps()[0].name.clone();
            prop_assert_eq!(first, CLUSTER);
        }
    }
}
