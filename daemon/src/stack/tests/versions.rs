use confdb::edit::steps::Step;
use confdb::replica::output::Event;
use confdb::replica::{Outcome, Place};

use super::super::command::{TreeCommand, Wanted};
use super::super::effect::{NotReloaded, ObjectRefused, ObjectsFound, Reloaded};
use super::super::map::Value;
use super::*;

/// Three nodes of version 5 that are members.
fn three() -> World {
    let mut world = World::new();
    world.start(&[1, 2, 3], THREE);
    world.together(&[1, 2, 3]);
    world
}

fn reload(world: &mut World, id: u32, wanted: Wanted) -> Result<Reloaded, NotReloaded> {
    let request = world.ask(id, Command::Reload(wanted));
    world.until("an answer", |world| world.reply(id, request).is_some());
    match world.reply(id, request) {
        Some(Reply::Reload(result)) => result.clone(),
        other => panic!("not an answer to a reload: {other:?}"),
    }
}

fn versions(world: &mut World) -> Vec<u64> {
    [1, 2, 3].map(|id| world.status(id).config_version).to_vec()
}

fn tells(world: &World, id: u32, event: &Event) -> bool {
    world.has(id, |effect| {
        matches!(effect, Effect::Report(Report::Version { event: told, .. }) if told == event)
    })
}

#[test]
fn one_command_changes_all_nodes_and_tells_who_watches() {
    let mut world = three();
    let watch = world.ask(2, Command::Watch { on: true, objects: false });
    assert_eq!(world.reply(2, watch), Some(&Reply::Done));
    let reloaded = reload(&mut world, 1, Wanted::default()).expect("all accept");
    assert_eq!((reloaded.version, reloaded.unwritten), (6, None));
    assert_eq!(versions(&mut world), [6, 6, 6]);
    let notice = Notice::ConfigUpdate { version: 6 };
    assert!(world.has(2, |effect| {
        matches!(effect, Effect::Notify { notice: told, .. } if *told == notice)
    }));
    assert_eq!(world.shown(2), (3, 3, 3, 1, 2, false));
}

#[test]
fn what_a_node_goes_by_is_shown_and_follows_the_version() {
    let mut world = three();
    let running = |world: &mut World, id| {
        let request = world.ask(id, Command::Configuration);
        match world.reply(id, request) {
            Some(Reply::Running(running)) => running.clone(),
            other => panic!("no configuration: {other:?}"),
        }
    };
    let before = running(&mut world, 2);
    assert_eq!((before.version, &before.text[..]), (5, &text(5)[..]));
    let (id, name) = (world.status(2).cluster_id, world.status(2).me.name);
    assert_eq!((before.cluster_id, before.node), (id, name));
    reload(&mut world, 1, Wanted::default()).expect("all accept");
    let after = running(&mut world, 2);
    assert_eq!((after.version, &after.text[..]), (6, &text(6)[..]));
}

#[test]
fn who_refuses_is_named_and_nothing_changes() {
    let mut world = three();
    world.refuser = Some(node(3));
    let why = reload(&mut world, 1, Wanted::default()).expect_err("node 3 refuses");
    assert_eq!(why, NotReloaded::Refused { node: 3, reason: "no room".to_owned() });
    assert_eq!(why.to_string(), "node 3 refuses: no room");
    assert_eq!(versions(&mut world), [5, 5, 5]);
    let why = Outcome::Refused { node: 3, reason: "no room".to_owned() };
    let event = Event::Abandoned { version: 6, by: 1, why };
    world.until("the news", |world| tells(world, 2, &event));
}

#[test]
fn what_is_not_newer_or_not_wanted_is_not_even_proposed() {
    let mut world = three();
    let not_yet = reload(&mut world, 1, Wanted { least: 7, dry_run: false });
    assert_eq!(not_yet, Err(NotReloaded::NotYet { found: 6, wanted: 7 }));
    for file in [4, 5] {
        world.file = file;
        let not_newer = reload(&mut world, 1, Wanted::default());
        assert_eq!(not_newer, Err(NotReloaded::NotNewer { found: file, running: 5 }));
    }
    assert_eq!(versions(&mut world), [5, 5, 5]);
}

#[test]
fn a_dry_run_tells_the_difference_and_changes_nothing() {
    let mut world = three();
    let told = reload(&mut world, 1, Wanted { least: 0, dry_run: true }).expect("it is valid");
    let difference = told.difference.expect("that is what was asked");
    assert_eq!((difference.from_version, difference.to_version), (5, 6));
    assert_eq!(versions(&mut world), [5, 5, 5]);
}

#[test]
fn without_quorum_nothing_is_proposed() {
    let mut world = World::new();
    world.start(&[1], THREE);
    world.together(&[1]);
    let why = reload(&mut world, 1, Wanted::default());
    assert_eq!(why, Err(NotReloaded::NotQuorate));
}

#[test]
fn an_older_newcomer_is_a_member_only_with_the_clusters_configuration() {
    let mut world = World::new();
    world.start(&[1, 2], THREE);
    world.together(&[1, 2]);
    world.start(&[3], File { version: 4, ..THREE });
    world.together(&[1, 2, 3]);
    world.until("a third member", |world| {
        let third = |stack: &Stack| stack.nodes.member_count() == 3;
        world.stacks.values().all(third)
    });
    assert_eq!(versions(&mut world), [5, 5, 5]);
    let out = Event::KeptOut { node: 3, place: Place::Behind, held: 4, wanted: 5 };
    assert!([1, 2, 3].iter().all(|id| tells(&world, *id, &out)));
    assert!(tells(&world, 3, &Event::Switched { from: 4, to: 5, by: 1 }));
    for id in [1, 2, 3] {
        assert_eq!(world.shown(id), (3, 3, 3, 1, 2, false));
    }
}

#[test]
fn a_newer_newcomer_takes_no_part_and_both_sides_say_so() {
    let mut world = World::new();
    world.start(&[1, 2], THREE);
    world.together(&[1, 2]);
    world.start(&[3], File { version: 9, ..THREE });
    world.together(&[1, 2, 3]);
    assert_eq!(versions(&mut world), [5, 5, 9]);
    let out = Event::KeptOut { node: 3, place: Place::Ahead, held: 9, wanted: 5 };
    assert!([1, 2, 3].iter().all(|id| tells(&world, *id, &out)));
    assert_eq!(world.shown(1), (2, 3, 2, 1, 2, false));
    assert_eq!(world.status(3).members, 0);
    assert!(!world.status(3).verdict.quorate);
}

/// What comes of a request about objects.
fn browse(world: &mut World, id: u32, command: TreeCommand) -> Reply {
    let request = world.ask(id, Command::Tree(command));
    world.until("an answer", |world| world.reply(id, request).is_some());
    world.reply(id, request).expect("it came").clone()
}

/// Two changes at once: this token timeout, and nobody's votes.
fn edits(token: &str) -> TreeCommand {
    let set = |object: &str, key: &str, value: &str| Step::Set {
        object: object.parse().expect("it is a path"),
        key: key.to_owned(),
        value: value.to_owned(),
        make: true,
    };
    TreeCommand::Edit(vec![
        set("totem", "token", token),
        set("cluster.clusternodes.clusternode[2]", "votes", "1"),
    ])
}

#[test]
fn what_one_program_writes_all_nodes_go_by() {
    let mut world = three();
    let Reply::Reload(Ok(reloaded)) = browse(&mut world, 2, edits("5000")) else {
        panic!("it is not written");
    };
    assert_eq!((reloaded.version, reloaded.unwritten), (6, None));
    assert_eq!(versions(&mut world), [6, 6, 6]);
    for id in [1, 2, 3] {
        let text = String::from_utf8(world.stacks[&node(id)].text().to_vec()).expect("it is text");
        assert!(text.contains("<totem token=\"5000\"/>"), "{text}");
        assert!(text.contains("name=\"iscsi2\" nodeid=\"2\" votes=\"1\"/>"), "{text}");
    }
}

#[test]
fn who_cannot_go_by_what_is_written_is_named_and_nothing_changes() {
    let mut world = three();
    world.refuser = Some(node(3));
    let Reply::Reload(Err(why)) = browse(&mut world, 1, edits("5000")) else {
        panic!("it is written");
    };
    assert!(why.to_string().starts_with("node 3 refuses: "), "{why}");
    assert_eq!(versions(&mut world), [5, 5, 5]);
    // What makes no sense is not even proposed.
    let Reply::Reload(Err(why)) = browse(&mut world, 1, edits("soon")) else {
        panic!("it is written");
    };
    assert!(why.to_string().contains("cluster.totem.token"), "{why}");
    let nothing = browse(&mut world, 1, TreeCommand::Edit(Vec::new()));
    assert!(matches!(nothing, Reply::Objects(Err(ObjectRefused::Step(_)))), "{nothing:?}");
}

#[test]
fn of_two_who_write_at_once_one_is_told_to_try_again() {
    let mut world = three();
    let first = world.ask(1, Command::Tree(edits("5000")));
    let second = world.ask(1, Command::Tree(edits("6000")));
    world.until("two answers", |world| {
        world.reply(1, first).is_some() && world.reply(1, second).is_some()
    });
    assert!(matches!(world.reply(1, first), Some(Reply::Reload(Ok(_)))));
    let busy = Reply::Reload(Err(NotReloaded::Busy { version: 6, by: 1 }));
    assert_eq!(world.reply(1, second), Some(&busy));
}

#[test]
fn without_quorum_nothing_is_written() {
    let mut world = three();
    world.kill(2);
    world.kill(3);
    world.until("a loss", |world| !world.status(1).verdict.quorate && world.status(1).synchronized);
    let reply = browse(&mut world, 1, edits("5000"));
    assert_eq!(reply, Reply::Reload(Err(NotReloaded::NotQuorate)));
}

#[test]
fn an_object_of_the_configuration_that_was_added_is_named() {
    let mut world = three();
    let find = TreeCommand::Find("cluster".to_owned());
    let Reply::Objects(Ok(ObjectsFound::Found { objects, .. })) = browse(&mut world, 1, find)
    else {
        panic!("it is not shown");
    };
    let rm = TreeCommand::Create { parent: objects[0], name: "rm".to_owned() };
    let Reply::Objects(Ok(ObjectsFound::Object(rm))) = browse(&mut world, 1, rm) else {
        panic!("it is not told");
    };
    let text = String::from_utf8(world.stacks[&node(3)].text().to_vec()).expect("it is text");
    assert!(text.contains("</clusternodes><rm/></cluster>"), "{text}");
    let found = browse(&mut world, 1, TreeCommand::Find("cluster.rm".to_owned()));
    let objects = ObjectsFound::Found { objects: vec![rm], keys: Vec::new() };
    assert_eq!(found, Reply::Objects(Ok(objects)));
    let key = || "log_level".to_owned();
    let set = TreeCommand::Set { object: rm, key: key(), value: Value::text("7") };
    assert_eq!(browse(&mut world, 1, set), Reply::Objects(Ok(ObjectsFound::Done)));
    let text = String::from_utf8(world.stacks[&node(2)].text().to_vec()).expect("it is text");
    assert!(text.contains("config_version=\"7\""), "a version each: {text}");
    let wrong = browse(&mut world, 1, TreeCommand::Unset { object: rm, key: "no".to_owned() });
    let why = "cluster.rm has no attribute no in the configuration";
    assert!(matches!(wrong, Reply::Objects(Err(told)) if told.to_string() == why));
}
