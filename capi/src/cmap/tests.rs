use std::mem::{offset_of, size_of};

use client::Value;

use super::*;

#[test]
fn structs_lie_in_memory_as_in_the_header() {
    assert_eq!(size_of::<NotifyValue>(), 24);
    assert_eq!((offset_of!(NotifyValue, size), offset_of!(NotifyValue, data)), (8, 16));
}

#[test]
fn values_survive_the_way_through_a_program() {
    let values = [
        Value::I8(-1),
        Value::U8(255),
        Value::I16(-300),
        Value::U16(50_000),
        Value::I32(-70_000),
        Value::U32(4_000_000_000),
        Value::I64(i64::MIN),
        Value::U64(u64::MAX),
        Value::Float(1.5),
        Value::Double(-2.25),
        Value::text("three"),
        Value::Binary(vec![0, 1, 2].into()),
    ];
    for (kind, value) in (1..).zip(values) {
        let plain = Plain::of(&value);
        assert_eq!((plain.kind, plain.bytes().len()), (kind, plain.size));
        assert_eq!(value::read(kind, &plain.bytes()), Ok(value));
    }
}

#[test]
fn a_number_of_another_size_and_a_type_of_no_number_are_refused() {
    assert_eq!(value::read(6, &[0; 8]), Err(Cs::InvalidParam));
    assert_eq!(value::read(13, &[0; 8]), Err(Cs::InvalidParam));
    assert_eq!(value::read(0, &[]), Err(Cs::InvalidParam));
}

#[test]
fn a_text_has_its_end_in_its_size_and_ends_at_the_first() {
    let plain = Plain::of(&Value::text("abc"));
    assert_eq!((plain.size, plain.bytes()), (4, b"abc\0".to_vec()));
    assert_eq!(value::read(value::TEXT, b"ab\0c"), Ok(Value::text("ab")));
}
