use proptest::prelude::*;

use super::*;

const TEXT: &str = r#"<cluster name="x" config_version="7">
  <!-- ours -->
  <clusternodes>
    <clusternode name="a" nodeid="1"/>
    <clusternode name="b" nodeid="2" votes="1"/>
  </clusternodes>
</cluster>
"#;

fn path(text: &str) -> Path {
    text.parse().expect("it is a path")
}

fn set(object: &str, key: &str, value: &str, make: bool) -> Step {
    Step::Set { object: path(object), key: key.into(), value: value.into(), make }
}

/// The text with one piece changed, and the next version.
fn with(old: &str, new: &str) -> String {
    assert_eq!(TEXT.matches(old).count(), 1, "{old}");
    TEXT.replace(old, new).replace("config_version=\"7\"", "config_version=\"8\"")
}

fn refused(step: Step) -> String {
    apply("f", TEXT.as_bytes(), &[step]).expect_err("it cannot be done").to_string()
}

#[test]
fn a_step_changes_one_place_and_raises_the_version() {
    let one = |step: Step| apply("f", TEXT.as_bytes(), &[step]).expect("it can be done");
    let node = "cluster.clusternodes.clusternode[2]";
    assert_eq!(one(set(node, "votes", "3", false)), with("votes=\"1\"", "votes=\"3\""));
    let unset = Step::Unset { object: path(node), key: "votes".into() };
    assert_eq!(one(unset), with(" votes=\"1\"", ""));
    let line = "    <clusternode name=\"b\" nodeid=\"2\" votes=\"1\"/>\n";
    assert_eq!(one(Step::Delete(path(node))), with(line, ""));
    let end = "  </clusternodes>\n";
    let totem = format!("{end}  <totem token=\"5000\"/>\n");
    assert_eq!(one(set("cluster.totem", "token", "5000", true)), with(end, &totem));
    let keys = vec![("name".into(), "c".into()), ("nodeid".into(), "3".into())];
    let new = Step::New { object: path("cluster.clusternodes.clusternode"), keys };
    let third = format!("{line}    <clusternode name=\"c\" nodeid=\"3\"/>\n");
    assert_eq!(one(new), with(line, &third));
    let created = format!("{end}  <rm><resources/></rm>\n");
    assert_eq!(one(Step::Create(path("cluster.rm.resources"))), with(end, &created));
    let same = Step::Create(path("cluster.clusternodes"));
    assert_eq!(one(same), TEXT.replace("\"7\"", "\"8\""), "it is there");
}

#[test]
fn several_steps_are_one_version() {
    let third = "cluster.clusternodes.clusternode[3]";
    let steps = [set(third, "name", "c", true), set(third, "nodeid", "3", true)];
    let text = apply("f", TEXT.as_bytes(), &steps).expect("it can be done");
    let line = "votes=\"1\"/>\n";
    assert_eq!(text, with(line, &format!("{line}    <clusternode name=\"c\" nodeid=\"3\"/>\n")));
}

#[test]
fn who_sets_the_version_has_it() {
    let steps = [set("cluster", "config_version", "40", false)];
    let text = apply("f", TEXT.as_bytes(), &steps).expect("it can be done");
    assert_eq!(text, TEXT.replace("\"7\"", "\"40\""));
}

#[test]
fn what_is_not_there_is_named() {
    let fourth = "cluster.clusternodes.clusternode[4]";
    let none = format!("there is no {fourth} in the configuration");
    assert_eq!(refused(set(fourth, "name", "c", false)), none);
    assert_eq!(refused(set(fourth, "name", "c", true)), none, "it would be the third");
    assert_eq!(refused(Step::Delete(path(fourth))), none);
    let unset = Step::Unset { object: path("cluster"), key: "no".into() };
    assert_eq!(refused(unset), "cluster has no attribute no in the configuration");
    let other = set("other", "a", "b", true);
    assert_eq!(refused(other), "there is no other in the configuration");
    let top = Step::Delete(path("cluster"));
    assert_eq!(refused(top), "the root of the tree holds objects only and stays");
    assert_eq!(refused(Step::Delete(Path::root())), "there is no  in the configuration");
}

#[test]
fn work_has_a_bound() {
    let step = || set("cluster", "a", "b", false);
    let wrong = |text: &str, steps: &[Step]| {
        matches!(apply("f", text.as_bytes(), steps), Err(StepError::Number { .. }))
    };
    assert!(wrong(TEXT, &[]));
    assert!(wrong(TEXT, &vec![step(); MOST_STEPS + 1]));
    assert!(wrong(
        &format!("{TEXT}<!--{}-->", "x".repeat(MOST_WORK / 2)),
        &[step(), step(), step()]
    ));
    assert!(matches!(apply("f", b"", &[step()]), Err(StepError::Unreadable(_))));
}

fn any_path() -> impl Strategy<Value = Path> {
    let part = prop_oneof!["cluster", "clusternodes", "clusternode", "[a-c]"];
    let index = prop::option::of(1..4_u32);
    let join = |path: Path, (name, index): (String, Option<u32>)| {
        path.join(&name, index.and_then(NonZeroU32::new))
    };
    prop::collection::vec((part, index), 0..4)
        .prop_map(move |parts| parts.into_iter().fold(Path::root(), join))
}

fn any_step() -> impl Strategy<Value = Step> {
    let key = || prop_oneof!["name", "[a-c]", "[ -~]{0,2}"];
    prop_oneof![
        (any_path(), key(), any::<String>(), any::<bool>())
            .prop_map(|(object, key, value, make)| Step::Set { object, key, value, make }),
        any_path().prop_map(Step::Create),
        (any_path(), prop::collection::vec((key(), any::<String>()), 0..3))
            .prop_map(|(object, keys)| Step::New { object, keys }),
        (any_path(), key()).prop_map(|(object, key)| Step::Unset { object, key }),
        any_path().prop_map(Step::Delete),
    ]
}

proptest! {
    /// Whatever is asked, what comes out can be read, and has the next version unless that was set.
    #[test]
    fn what_comes_out_can_be_read(steps in prop::collection::vec(any_step(), 1..6)) {
        if let Ok(text) = apply("f", TEXT.as_bytes(), &steps) {
            let document = Document::parse("f", text.as_bytes()).expect("it can be read");
            let (_, number) = version(&document).expect("nothing removes it but a set");
            prop_assert_eq!(number, 8);
        }
    }
}
