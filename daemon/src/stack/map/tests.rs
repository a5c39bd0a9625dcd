use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::effect::Effect;
use super::*;

const ONE: SessionId = SessionId(1);
const TWO: SessionId = SessionId(2);

fn get(key: &str) -> MapCommand {
    MapCommand::Get { map: Which::Keys, key: key.to_owned() }
}

fn set(key: &str, value: Value) -> MapCommand {
    MapCommand::Set { map: Which::Keys, key: key.to_owned(), value }
}

fn delete(key: &str) -> MapCommand {
    MapCommand::Delete { map: Which::Keys, key: key.to_owned() }
}

fn adjust(key: &str, step: i32) -> MapCommand {
    MapCommand::Adjust { map: Which::Keys, key: key.to_owned(), step }
}

fn list(prefix: &str, after: &str) -> MapCommand {
    let (prefix, after) = (prefix.to_owned(), after.to_owned());
    MapCommand::List { map: Which::Keys, prefix, after }
}

fn all(key: &str, prefix: bool) -> Wish {
    let key = key.to_owned();
    Wish { map: Which::Keys, key, prefix, added: true, changed: true, deleted: true }
}

/// Maps with what came out of them.
#[derive(Default)]
struct Bench {
    maps: Maps,
    outbox: Outbox,
}

impl Bench {
    fn ask(&mut self, command: MapCommand) -> Result<Found, KeyRefused> {
        self.maps.command(ONE, command, &mut self.outbox)
    }

    fn value(&mut self, key: &str) -> Option<Value> {
        match self.ask(get(key)) {
            Ok(Found::Value(value)) => Some(value),
            Err(KeyRefused::Absent(_)) => None,
            other => panic!("{other:?}"),
        }
    }

    fn show(&mut self, owner: Owner, keys: &[(&str, Value)]) {
        let keys = keys.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        self.maps.show(owner, keys, &mut self.outbox);
    }

    fn effects(&mut self) -> Vec<Effect> {
        std::iter::from_fn(|| self.outbox.poll()).collect()
    }

    /// What tracks were told, as `track key old new`.
    fn told(&mut self) -> Vec<String> {
        let told = |effect| {
            let Effect::Notify { to, notice: Notice::Key(change) } = effect else {
                panic!("{effect:?}");
            };
            let KeyChange { track, key, old, new } = change;
            format!("{}/{track} {key} {} {}", to.0, short(old.as_ref()), short(new.as_ref()))
        };
        self.effects().into_iter().map(told).collect()
    }
}

fn short(value: Option<&Value>) -> String {
    match value {
        None => "-".to_owned(),
        Some(Value::Text(text)) => String::from_utf8_lossy(text).into_owned(),
        Some(other) => format!("{other:?}"),
    }
}

#[test]
fn what_is_set_is_found_and_what_is_deleted_is_not() {
    let mut bench = Bench::default();
    assert_eq!(bench.value("app.key"), None);
    assert_eq!(bench.ask(set("app.key", Value::U32(7))), Ok(Found::Done));
    assert_eq!(bench.value("app.key"), Some(Value::U32(7)));
    assert_eq!(bench.ask(set("app.key", Value::text("seven"))), Ok(Found::Done));
    assert_eq!(bench.value("app.key"), Some(Value::text("seven")));
    assert_eq!(bench.ask(delete("app.key")), Ok(Found::Done));
    assert_eq!(bench.value("app.key"), None);
    assert_eq!(bench.ask(delete("app.key")), Err(KeyRefused::Absent("app.key".to_owned())));
}

#[test]
fn names_have_a_length_and_an_alphabet() {
    let mut bench = Bench::default();
    let long = "a".repeat(LONGEST_NAME + 1);
    for name in ["", "ab", "a b", "a\u{e4}c", "key\n", &long] {
        let why = bench.ask(set(name, Value::U8(1))).unwrap_err();
        assert!(matches!(why, KeyRefused::Name(_)), "{name:?}: {why}");
        assert!(matches!(bench.ask(get(name)), Err(KeyRefused::Name(_))), "{name:?}");
    }
    let most = "a".repeat(LONGEST_NAME);
    for name in ["abc", "a.b-c/d:e_F9", &most] {
        assert_eq!(bench.ask(set(name, Value::U8(1))), Ok(Found::Done), "{name:?}");
    }
}

#[test]
fn keys_that_show_something_are_refused_by_name() {
    let mut bench = Bench::default();
    bench.show(Owner::Configuration, &[("totem.token", Value::U32(1000))]);
    bench.show(Owner::Running, &[("runtime.members.1.status", Value::text("joined"))]);
    let why = bench.ask(set("totem.token", Value::U32(1))).unwrap_err().to_string();
    assert!(why.starts_with("totem.token says what the configuration says"), "{why}");
    assert!(why.contains("cman_tool version -r"), "{why}");
    let why = bench.ask(delete("runtime.members.1.status")).unwrap_err().to_string();
    assert!(why.starts_with("runtime.members.1.status shows how"), "{why}");
    assert!(bench.ask(adjust("totem.token", 1)).is_err());
    assert!(bench.ask(set("nodelist.node.9.nodeid", Value::U32(9))).is_err(), "a new one neither");
    assert_eq!(bench.value("totem.token"), Some(Value::U32(1000)));
    let statistic =
        MapCommand::Set { map: Which::Statistics, key: "app.key".to_owned(), value: Value::U8(1) };
    assert_eq!(bench.ask(statistic), Err(KeyRefused::Running("app.key".to_owned())));
}

#[test]
fn numbers_are_added_to_and_wrap_around() {
    let mut bench = Bench::default();
    let cases = [
        (Value::I8(127), 1, Value::I8(-128)),
        (Value::U8(1), -2, Value::U8(255)),
        (Value::I16(5), -6, Value::I16(-1)),
        (Value::U16(65_535), 2, Value::U16(1)),
        (Value::I32(i32::MAX), 1, Value::I32(i32::MIN)),
        (Value::U32(0), -1, Value::U32(u32::MAX)),
        (Value::I64(5), -7, Value::I64(-2)),
        (Value::U64(5), -7, Value::U64(u64::MAX - 1)),
    ];
    for (before, step, after) in cases {
        bench.ask(set("app.number", before)).unwrap();
        assert_eq!(bench.ask(adjust("app.number", step)), Ok(Found::Value(after.clone())));
        assert_eq!(bench.value("app.number"), Some(after));
    }
    bench.ask(set("app.number", Value::text("5"))).unwrap();
    let why = bench.ask(adjust("app.number", 1)).unwrap_err();
    assert_eq!(why, KeyRefused::NoNumber("app.number".to_owned()));
    assert_eq!(bench.ask(adjust("app.nosuch", 1)), Err(KeyRefused::Absent("app.nosuch".into())));
}

#[test]
fn trackers_are_told_old_and_new_values() {
    let mut bench = Bench::default();
    let track = |track, wish| MapCommand::Track { track, wish };
    bench.ask(track(5, all("app.", true))).unwrap();
    bench.maps.command(TWO, track(5, all("app.key", false)), &mut bench.outbox).unwrap();
    bench.ask(set("app.key", Value::text("a"))).unwrap();
    assert_eq!(bench.told(), ["1/5 app.key - a", "2/5 app.key - a"]);
    bench.ask(set("app.key", Value::text("a"))).unwrap();
    assert_eq!(bench.told(), [""; 0], "nothing changed");
    bench.ask(set("app.key", Value::text("b"))).unwrap();
    bench.ask(set("app.key2", Value::text("c"))).unwrap();
    assert_eq!(bench.told(), ["1/5 app.key a b", "2/5 app.key a b", "1/5 app.key2 - c"]);
    bench.maps.gone(TWO);
    bench.ask(delete("app.key")).unwrap();
    assert_eq!(bench.told(), ["1/5 app.key b -"]);
    bench.ask(MapCommand::Untrack(5)).unwrap();
    bench.ask(delete("app.key2")).unwrap();
    assert_eq!(bench.told(), [""; 0]);
    assert_eq!(bench.ask(MapCommand::Untrack(5)), Err(KeyRefused::NoTrack(5)));
}

#[test]
fn trackers_are_told_only_of_what_they_want() {
    let mut bench = Bench::default();
    let only = |added, changed, deleted| Wish { added, changed, deleted, ..all("", true) };
    let wishes = [only(true, false, false), only(false, true, false), only(false, false, true)];
    for (track, wish) in (1..).zip(wishes) {
        bench.ask(MapCommand::Track { track, wish }).unwrap();
    }
    let again = MapCommand::Track { track: 2, wish: all("app.key", false) };
    assert_eq!(bench.ask(again), Err(KeyRefused::TrackTaken(2)));
    bench.ask(set("app.key", Value::text("a"))).unwrap();
    bench.ask(set("app.key", Value::text("b"))).unwrap();
    bench.ask(delete("app.key")).unwrap();
    assert_eq!(bench.told(), ["1/1 app.key - a", "1/2 app.key a b", "1/3 app.key b -"]);
}

#[test]
fn another_configuration_changes_its_keys_and_no_others() {
    let mut bench = Bench::default();
    bench.show(
        Owner::Running,
        &[
            ("config.reload_in_progress", Value::flag(false)),
            ("config.totemconfig_reload_in_progress", Value::flag(false)),
        ],
    );
    bench.show(
        Owner::Configuration,
        &[("quorum.two_node", Value::U8(1)), ("totem.a", Value::U8(1))],
    );
    bench.ask(set("app.key", Value::U8(1))).unwrap();
    bench.ask(MapCommand::Track { track: 1, wish: all("", true) }).unwrap();
    let new = [("quorum.two_node".to_owned(), Value::U8(0))];
    bench.maps.reload(new, &mut bench.outbox);
    assert_eq!(
        bench.told(),
        [
            "1/1 config.reload_in_progress U8(0) U8(1)",
            "1/1 config.totemconfig_reload_in_progress U8(0) U8(1)",
            "1/1 totem.a U8(1) -",
            "1/1 quorum.two_node U8(1) U8(0)",
            "1/1 config.reload_in_progress U8(1) U8(0)",
            "1/1 config.totemconfig_reload_in_progress U8(1) U8(0)",
        ]
    );
    assert_eq!(bench.value("app.key"), Some(Value::U8(1)));
}

#[test]
fn users_and_groups_are_admitted_by_a_byte_of_one() {
    let mut bench = Bench::default();
    let admitted = |bench: &mut Bench| match bench.effects().as_slice() {
        [] => None,
        [Effect::Admit(admitted)] => Some(admitted.clone()),
        other => panic!("{other:?}"),
    };
    bench.show(Owner::Configuration, &[("uidgid.config.uid.4", Value::U8(1))]);
    let four = Admitted { users: [4].into(), groups: BTreeSet::new() };
    assert_eq!(admitted(&mut bench), Some(four.clone()));
    bench.ask(set("uidgid.gid.189", Value::U8(1))).unwrap();
    let both = Admitted { groups: [189].into(), ..four.clone() };
    assert_eq!(admitted(&mut bench), Some(both));
    bench.ask(set("uidgid.uid.5", Value::U8(0))).unwrap();
    bench.ask(set("uidgid.uid.6", Value::U32(1))).unwrap();
    bench.ask(set("uidgid.uid.x", Value::U8(1))).unwrap();
    assert_eq!(admitted(&mut bench), None);
    bench.ask(delete("uidgid.gid.189")).unwrap();
    assert_eq!(admitted(&mut bench), Some(four));
    assert!(bench.ask(set("uidgid.config.uid.7", Value::U8(1))).is_err());
}

#[test]
fn debug_can_be_switched_and_nothing_else_of_the_configuration() {
    let mut bench = Bench::default();
    bench.show(Owner::Configuration, &[("logging.debug", Value::text("off"))]);
    bench.ask(set("logging.debug", Value::text("on"))).unwrap();
    assert_eq!(bench.effects(), [Effect::Debug(true)]);
    assert!(bench.ask(set("logging.debug", Value::text("maybe"))).is_err());
    assert!(bench.ask(delete("logging.debug")).is_err());
    assert_eq!(bench.value("logging.debug"), Some(Value::text("on")));
}

#[test]
fn programs_cannot_fill_the_daemon() {
    let mut bench = Bench::default();
    let long = Value::Binary(vec![7; LONGEST_VALUE + 1].into());
    assert!(matches!(bench.ask(set("app.long", long)), Err(KeyRefused::TooLong { .. })));
    let whole = Value::Binary(vec![7; LONGEST_VALUE].into());
    let mut number = 0;
    while bench.ask(set(&format!("app.{number}"), whole.clone())).is_ok() {
        number += 1;
        assert!(number <= MOST_BYTES / LONGEST_VALUE);
    }
    assert_eq!(bench.ask(set("app.more", whole)), Err(KeyRefused::Full));
    bench.ask(delete("app.0")).unwrap();
    bench.ask(set("app.more", Value::U8(1))).unwrap();
    for track in 0..MOST_TRACKS {
        let track = u64::try_from(track).unwrap();
        bench.ask(MapCommand::Track { track, wish: all("", true) }).unwrap();
    }
    let more = MapCommand::Track { track: 1000, wish: all("", true) };
    assert_eq!(bench.ask(more), Err(KeyRefused::TooManyTracks));
}

#[test]
fn text_has_no_zero_byte() {
    let mut bench = Bench::default();
    let why = bench.ask(set("app.key", Value::text("a\0b"))).unwrap_err().to_string();
    assert_eq!(why, "app.key cannot have this value: a text without a zero byte is expected");
}

#[test]
fn pages_give_every_key_once_in_order() {
    let mut bench = Bench::default();
    let mut expected = Vec::new();
    for number in 0..1200 {
        let name = format!("app.{number:04}");
        bench.ask(set(&name, Value::U32(number))).unwrap();
        expected.push(name);
    }
    bench.ask(set("apo.x", Value::U8(1))).unwrap();
    bench.ask(set("apq.x", Value::U8(1))).unwrap();
    let (mut found, mut after, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let Ok(Found::Page(page)) = bench.ask(list("app.", &after)) else { panic!("no page") };
        found.extend(page.entries.into_iter().map(|(name, _)| name));
        pages += 1;
        if !page.more {
            break;
        }
        after.clone_from(found.last().unwrap());
    }
    assert_eq!((found, pages), (expected, 3));
}

// -- any sequence ---------------------------------------------------------------------------------

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "app\\.[a-d]",
        1 => "runtime\\.[a-d]",
        1 => "uidgid\\.[ug]id\\.[1-3]",
        1 => "[ -~]{0,6}",
    ]
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<u8>().prop_map(Value::U8),
        any::<i64>().prop_map(Value::I64),
        any::<u32>().prop_map(Value::Float),
        "[a-c]{0,3}".prop_map(|text| Value::text(&text)),
    ]
}

fn command() -> impl Strategy<Value = MapCommand> {
    let map = || prop_oneof![9 => Just(Which::Keys), 1 => Just(Which::Statistics)];
    prop_oneof![
        (map(), key()).prop_map(|(map, key)| MapCommand::Get { map, key }),
        (map(), key(), value()).prop_map(|(map, key, value)| MapCommand::Set { map, key, value }),
        (map(), key()).prop_map(|(map, key)| MapCommand::Delete { map, key }),
        (map(), key(), any::<i32>()).prop_map(|(map, key, step)| MapCommand::Adjust {
            map,
            key,
            step
        }),
        (map(), key(), key()).prop_map(|(map, prefix, after)| MapCommand::List {
            map,
            prefix,
            after
        }),
    ]
}

proptest! {
    /// A program that is told of everything knows what the map holds, whatever happens to it.
    #[test]
    fn who_tracks_everything_knows_the_map(
        commands in prop::collection::vec(
            prop_oneof![
                command().prop_map(Ok),
                prop::collection::vec((key(), value()), 0..4).prop_map(Err),
            ],
            0..60,
        )
    ) {
        let mut bench = Bench::default();
        bench.ask(MapCommand::Track { track: 1, wish: all("", true) }).unwrap();
        let mut known: BTreeMap<String, Value> = BTreeMap::new();
        for command in commands {
            match command {
                Ok(command) => drop(bench.ask(command)),
                Err(shown) => {
                    let shown = shown.into_iter().filter(|(name, _)| is_name(name));
                    bench.maps.show(Owner::Running, shown, &mut bench.outbox);
                }
            }
            for effect in bench.effects() {
                let Effect::Notify { notice: Notice::Key(change), .. } = effect else { continue };
                prop_assert_eq!(known.get(&change.key), change.old.as_ref());
                prop_assert_ne!(&change.old, &change.new);
                match change.new {
                    Some(value) => drop(known.insert(change.key, value)),
                    None => drop(known.remove(&change.key)),
                }
            }
            bench.maps.keys.check();
            let held: BTreeMap<String, Value> = bench.maps.keys.under("")
                .map(|(name, value)| (name.to_owned(), value.clone())).collect();
            prop_assert_eq!(&known, &held);
        }
    }
}
