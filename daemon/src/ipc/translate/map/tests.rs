use bytes::Bytes;
use client::map::Value as Theirs;
use proptest::prelude::*;

use super::*;

fn theirs() -> impl Strategy<Value = Theirs> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..20).prop_map(Bytes::from);
    prop_oneof![
        any::<i8>().prop_map(Theirs::I8),
        any::<u8>().prop_map(Theirs::U8),
        any::<i16>().prop_map(Theirs::I16),
        any::<u16>().prop_map(Theirs::U16),
        any::<i32>().prop_map(Theirs::I32),
        any::<u32>().prop_map(Theirs::U32),
        any::<i64>().prop_map(Theirs::I64),
        any::<u64>().prop_map(Theirs::U64),
        (-1.0e9_f32..1.0e9).prop_map(Theirs::Float),
        (-1.0e9_f64..1.0e9).prop_map(Theirs::Double),
        bytes().prop_map(Theirs::Text),
        bytes().prop_map(Theirs::Binary),
    ]
}

fn ask(what: map_request::What) -> Result<MapCommand, Unreadable> {
    request(proto::MapRequest { what: Some(what) })
}

proptest! {
    #[test]
    fn value_of_a_program_is_the_same_after_it_was_kept(sent in theirs()) {
        let wire = proto::MapValue::from(sent.clone()).value.unwrap();
        let kept = value(wire).unwrap();
        prop_assert_eq!(Theirs::try_from(told(&kept)).unwrap(), sent);
    }
}

#[test]
fn number_too_large_for_its_type_is_named() {
    let set = proto::MapSet {
        map: 0,
        key: "app.key".to_owned(),
        value: Some(proto::MapValue { value: Some(map_value::Value::Uint16(70_000)) }),
    };
    let why = ask(map_request::What::Set(set)).unwrap_err();
    assert_eq!(why.0, "70000 does not fit the type of its value");
    let get = proto::MapGet { map: 7, key: "app.key".to_owned() };
    let why = ask(map_request::What::Get(get)).unwrap_err();
    assert_eq!(why.0, "no map has number 7");
}

#[test]
fn refusals_say_why_for_programs() {
    let key = || "totem.token".to_owned();
    let cases = [
        (KeyRefused::Absent(key()), Reason::Absent),
        (KeyRefused::Configuration(key()), Reason::ReadOnly),
        (KeyRefused::Running(key()), Reason::ReadOnly),
        (KeyRefused::Full, Reason::Full),
        (KeyRefused::Name(key()), Reason::Invalid),
    ];
    for (why, reason) in cases {
        let text = why.to_string();
        let expected = reply::What::Refused(proto::Refused { reason: reason.into(), text });
        assert_eq!(reply(&Err(why)), expected);
    }
}
