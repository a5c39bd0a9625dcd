use super::*;

#[test]
fn every_value_survives_the_way_to_the_daemon_and_back() {
    let values = [
        Value::I8(-5),
        Value::U8(255),
        Value::I16(i16::MIN),
        Value::U16(u16::MAX),
        Value::I32(-70_000),
        Value::U32(u32::MAX),
        Value::I64(i64::MIN),
        Value::U64(u64::MAX),
        Value::Float(-0.5),
        Value::Double(1.0e300),
        Value::text("joined"),
        Value::Binary(Bytes::from_static(&[0, 1, 255])),
    ];
    for value in values {
        let told = proto::MapValue::from(value.clone());
        assert_eq!(Value::try_from(told).unwrap(), value);
    }
}

#[test]
fn number_that_does_not_fit_its_type_is_named() {
    let told = proto::MapValue { value: Some(map_value::Value::Uint8(300)) };
    let why = Value::try_from(told).unwrap_err().to_string();
    assert_eq!(why, "protocol mismatch: 300 does not fit its type");
    assert!(Value::try_from(proto::MapValue { value: None }).is_err());
}
