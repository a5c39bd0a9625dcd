use client::confdb::{Object, ObjectChange, ObjectEvent};
use client::map::Entry;
use client::{Value, confdb};

use super::list::{Chosen, Listing, printed};
use super::*;

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

fn options(line: &str) -> Options {
    match parse(&words(line)) {
        Ok(Parsed::Run(options)) => options,
        other => panic!("{other:?}"),
    }
}

fn complaint(line: &str) -> String {
    match parse(&words(line)) {
        Err(Failure(text)) => text,
        Ok(parsed) => panic!("{parsed:?}"),
    }
}

#[test]
fn options_are_those_of_the_original() {
    assert_eq!(options(""), Options::default());
    assert_eq!(options("-a"), Options { all: true, ..Options::default() });
    let both = Options { all: true, binary: true, ..Options::default() };
    assert_eq!(options("-b -a"), both);
    let paths = vec!["a.b=c".to_owned()];
    let write = Options { action: Action::Write, paths, ..Options::default() };
    assert_eq!(options("-w a.b=c"), write);
    assert_eq!(options("-p /x").file, Some("/x".into()));
    assert!(options("--json").json);
    assert_eq!(parse(&words("-h")).unwrap(), Parsed::Usage);
}

#[test]
fn complaints_are_those_of_the_original() {
    assert_eq!(
        complaint("-z"),
        "corosync-objctl: invalid option -- 'z'\nExpected an object path after options"
    );
    assert_eq!(
        complaint("-p"),
        "corosync-objctl: option requires an argument -- 'p'\nExpected an object path after options"
    );
    assert_eq!(complaint("-w"), "Expected an object path after options");
    assert_eq!(complaint("-b"), "Expected an object path after options");
    assert_eq!(complaint("-z cluster"), "corosync-objctl: invalid option -- 'z'");
}

fn object(object: u64, parent: u64, name: &str, keys: &[(&str, Value)]) -> Object {
    let entry =
        |(key, value): &(&str, Value)| Entry { key: (*key).to_owned(), value: value.clone() };
    Object { object, parent, name: name.to_owned(), keys: keys.iter().map(entry).collect() }
}

/// Two nodes in a cluster, and a service whose keys have no type.
fn objects() -> Vec<Object> {
    let name = |name| [("name", Value::text(name))];
    let any = Value::Binary(b"openais_clm\0".as_slice().into());
    vec![
        object(0, 0, "", &[]),
        object(1, 0, "cluster", &[("name", Value::text("iscsicluster"))]),
        object(2, 1, "clusternodes", &[]),
        object(3, 2, "clusternode", &name("iscsi1")),
        object(4, 3, "fence", &[]),
        object(5, 2, "clusternode", &name("iscsi2")),
        object(6, 5, "fence", &[]),
        object(7, 1, "rm", &[]),
        object(8, 0, "service", &[("name", any), ("ver", Value::U32(0))]),
    ]
}

#[test]
fn listing_looks_like_that_of_the_original() {
    let objects = objects();
    let listing = Listing::new(&objects);
    let all = Chosen { objects: vec![1, 8], keys: Vec::new() };
    let text = "\
cluster.name=iscsicluster
cluster.clusternodes.clusternode.name=iscsi1
cluster.clusternodes.clusternode.fence
cluster.clusternodes.clusternode.name=iscsi2
cluster.clusternodes.clusternode.fence
cluster.rm
service.name=**binary**(12)
service.ver=0
";
    assert_eq!(listing.lines(&all, false), text);
    let binary = listing.lines(&Chosen { objects: vec![8], keys: Vec::new() }, true);
    assert_eq!(binary, "service.name=openais_clm\\x00\nservice.ver=0\n");
}

#[test]
fn paths_print_whole_paths_and_keys_print_too() {
    let objects = objects();
    let listing = Listing::new(&objects);
    let node = Chosen { objects: vec![5], keys: vec![(3, "name".to_owned())] };
    let text = "\
cluster.clusternodes.clusternode.name=iscsi2
cluster.clusternodes.clusternode.fence
cluster.clusternodes.clusternode.name=iscsi1
";
    assert_eq!(listing.lines(&node, false), text);
}

#[test]
fn json_tells_siblings_apart() {
    let objects = objects();
    let json =
        Listing::new(&objects).json(&Chosen { objects: vec![3, 5], keys: vec![(8, "ver".into())] });
    let paths: Vec<&str> =
        json["objects"].as_array().unwrap().iter().map(|o| o["path"].as_str().unwrap()).collect();
    assert_eq!(
        paths,
        [
            "cluster.clusternodes.clusternode[1]",
            "cluster.clusternodes.clusternode[1].fence",
            "cluster.clusternodes.clusternode[2]",
            "cluster.clusternodes.clusternode[2].fence",
        ]
    );
    assert_eq!(json["objects"][2]["keys"]["name"], "iscsi2");
    assert_eq!(json["keys"][0]["path"], "service.ver");
    assert_eq!(json["keys"][0]["value"], 0);
}

#[test]
fn changes_look_like_those_of_the_original() {
    let change =
        |event| ObjectChange { watch: 1, object: 9, path: "app.node[2]".to_owned(), event };
    let entry = Entry { key: "key".to_owned(), value: Value::text("a\nb") };
    let plain = Options::default();
    let lines = [
        (ObjectEvent::Created, "object_created>node"),
        (ObjectEvent::Deleted, "object_deleted>node"),
        (ObjectEvent::Set(entry.clone()), "key_changed> node.key=a?b"),
        (ObjectEvent::Unset("key".to_owned()), "key_deleted> node.key"),
    ];
    for (event, line) in lines {
        assert_eq!(track::line(&change(event), &plain), line);
    }
    let json = track::line(&change(ObjectEvent::Set(entry)), &options("--json"));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["path"], &json["value"]), (&"app.node[2]".into(), &"a\nb".into()));
}

#[test]
fn what_all_nodes_share_is_known_by_its_first_name() {
    for path in ["cluster.cman.port=1", "totem.token", "logging", "uidgid[2].uid=5", "cluster"] {
        assert!(change::is_configuration(path), "{path}");
    }
    for path in ["runtime.x", "clusters.a=cluster", "app.totem=1", "quorum.a=1", ""] {
        assert!(!change::is_configuration(path), "{path}");
    }
}

#[test]
fn numbers_are_printed_as_the_original_does() {
    assert_eq!(printed(&Value::U64(u64::MAX), false), "18446744073709551615");
    assert_eq!(printed(&Value::I16(-3), false), "-3");
    assert_eq!(printed(&Value::Double(0.5), false), "0.500000");
}

#[test]
fn file_is_taken_whole_or_not_at_all() {
    let good = "# remark\n\n a.b = 1\na.c=x=y\n";
    let pairs = vec![("a.b".to_owned(), "1".to_owned()), ("a.c".to_owned(), "x=y".to_owned())];
    assert_eq!(file::parse(good), Ok(pairs));
    let (line, why) = file::parse("a.b=1\n<cluster name=\"x\">\n").unwrap_err();
    assert_eq!((line, why.contains("is not a name")), (2, true), "{why}");
    assert!(file::parse("a=1").is_err(), "a key needs an object");
    assert!(file::parse("a.b").is_err());
}

#[test]
fn missing_daemon_is_said_in_the_words_of_the_original() {
    let environment =
        Environment { socket: Some("/nonexistent/x.sock".into()), ..Environment::default() };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let input = io::stdin();
    let code =
        run(&words("--json"), &environment, std::os::fd::AsFd::as_fd(&input), &mut out, &mut err);
    let text = String::from_utf8(err).unwrap();
    assert_eq!(code, 1);
    assert!(text.starts_with("Failed to initialize the objdb API. Error 6 ("), "{text}");
    assert!(String::from_utf8(out).unwrap().contains("\"error\""));
    assert_eq!(confdb::ROOT, 0);
}
