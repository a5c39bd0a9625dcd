use super::super::effect::{Found, KeyChange, KeyRefused};
use super::super::map::{MapCommand, Page, Value, Which, Wish};
use super::*;

fn look_up(world: &mut World, id: u32, command: MapCommand) -> Result<Found, KeyRefused> {
    let request = world.ask(id, Command::Map(command));
    match world.reply(id, request) {
        Some(Reply::Map(found)) => found.clone(),
        other => panic!("not answered at once: {other:?}"),
    }
}

fn value(world: &mut World, id: u32, key: &str) -> Option<Value> {
    match look_up(world, id, MapCommand::Get { map: Which::Keys, key: key.to_owned() }) {
        Ok(Found::Value(value)) => Some(value),
        Err(KeyRefused::Absent(_)) => None,
        other => panic!("{other:?}"),
    }
}

/// The state of a member as its keys show it: what it is, and how often it joined.
fn member(world: &mut World, id: u32, of: u32) -> Option<(Value, Value)> {
    let key = |name: &str| format!("runtime.members.{of}.{name}");
    let status = value(world, id, &key("status"));
    Some((status?, value(world, id, &key("join_count"))?))
}

fn track(world: &mut World, id: u32, prefix: &str) {
    let key = prefix.to_owned();
    let (prefix, added, changed, deleted) = (true, true, true, true);
    let wish = Wish { map: Which::Keys, key, prefix, added, changed, deleted };
    look_up(world, id, MapCommand::Track { track: 1, wish }).expect("there is room");
}

/// What a tracking program was told of keys whose names end so.
fn told(world: &World, id: u32, name: &str) -> Vec<(String, Option<Value>)> {
    let change = |effect: &Effect| {
        let Effect::Notify { notice: Notice::Key(change), .. } = effect else { return None };
        let KeyChange { key, new, .. } = change;
        key.ends_with(name).then(|| (key.clone(), new.clone()))
    };
    world.effects[&node(id)].iter().filter_map(change).collect()
}

#[test]
fn members_come_and_go_under_the_eyes_of_who_tracks_them() {
    let mut world = World::new();
    world.start(&[1], THREE);
    track(&mut world, 1, "runtime.members.");
    world.start(&[2], THREE);
    world.together(&[1, 2]);
    let joined = || Value::text("joined");
    assert_eq!(member(&mut world, 1, 2), Some((joined(), Value::U32(1))));
    assert_eq!(member(&mut world, 1, 3), None, "it was never seen");
    let key = "runtime.members.2.ip";
    assert!(matches!(value(&mut world, 1, key), Some(Value::Text(_))));
    world.kill(2);
    world.together(&[1]);
    assert_eq!(member(&mut world, 1, 2), Some((Value::text("left"), Value::U32(1))));
    world.start(&[2], THREE);
    world.together(&[1, 2]);
    assert_eq!(member(&mut world, 1, 2), Some((joined(), Value::U32(2))));
    let of_two = |told: Vec<(String, Option<Value>)>| -> Vec<Option<Value>> {
        told.into_iter().filter(|(key, _)| key.contains(".2.")).map(|(_, new)| new).collect()
    };
    let states = of_two(told(&world, 1, ".status"));
    assert_eq!(states, [Some(joined()), Some(Value::text("left")), Some(joined())]);
}

#[test]
fn votes_are_shown_as_they_are_counted() {
    let mut world = World::new();
    world.start(&[1, 2], THREE);
    world.together(&[1, 2]);
    let key = |name: &str| format!("runtime.votequorum.{name}");
    assert_eq!(value(&mut world, 2, &key("this_node_id")), Some(Value::U32(2)));
    assert_eq!(value(&mut world, 2, &key("highest_node_id")), Some(Value::U32(2)));
    assert_eq!(value(&mut world, 2, &key("lowest_node_id")), Some(Value::U32(1)));
    assert_eq!(value(&mut world, 2, &key("ev_barrier")), Some(Value::U32(3)));
}

#[test]
fn keys_are_found_and_set_between_two_rings() {
    let mut world = World::new();
    world.start(&[1], THREE);
    assert!(world.status(1).ring_members.is_empty(), "it gathers");
    let set =
        MapCommand::Set { map: Which::Keys, key: "uidgid.gid.189".to_owned(), value: Value::U8(1) };
    assert_eq!(look_up(&mut world, 1, set), Ok(Found::Done));
    assert!(world.has(1, |effect| {
        matches!(effect, Effect::Admit(admitted) if admitted.groups == [189].into())
    }));
    assert_eq!(value(&mut world, 1, "uidgid.gid.189"), Some(Value::U8(1)));
}

#[test]
fn who_is_gone_is_told_nothing() {
    let mut world = World::new();
    world.start(&[1], THREE);
    track(&mut world, 1, "runtime.members.");
    let now = world.now;
    world.stacks.get_mut(&node(1)).expect("started").gone(now, SessionId(1));
    world.start(&[2], THREE);
    world.together(&[1, 2]);
    assert_eq!(told(&world, 1, ""), []);
}

#[test]
fn statistics_are_those_of_the_ring_in_this_moment() {
    let mut world = World::new();
    world.start(&[1, 2], THREE);
    world.together(&[1, 2]);
    let all = MapCommand::List {
        map: Which::Statistics,
        prefix: "stats.srp.".to_owned(),
        after: String::new(),
    };
    let Ok(Found::Page(Page { entries, more: false })) = look_up(&mut world, 1, all) else {
        panic!("no page");
    };
    let of = |name: &str| {
        let found = entries.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.clone())
    };
    let stats = world.status(1).stats;
    assert!(stats.rings > 0);
    assert_eq!(of("stats.srp.operational_entered"), Some(Value::U64(stats.rings)));
    assert_eq!(of("stats.srp.orf_token_rx"), Some(Value::U64(stats.tokens)));
    assert_eq!(of("stats.srp.memb_join_rx"), Some(Value::U64(stats.received.joins)));
    assert!(stats.received.joins > 0 && stats.sent.joins > 0, "{stats:?}");
    assert_eq!((stats.commits, stats.recoveries), (stats.rings, stats.rings), "{stats:?}");
}
