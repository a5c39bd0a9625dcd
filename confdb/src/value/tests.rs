use proptest::prelude::*;

use super::*;

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i16>().prop_map(Value::I16),
        any::<u16>().prop_map(Value::U16),
        any::<i32>().prop_map(Value::I32),
        any::<u32>().prop_map(Value::U32),
        any::<i64>().prop_map(Value::I64),
        any::<u64>().prop_map(Value::U64),
        any::<f32>().prop_map(Value::Float),
        any::<f64>().prop_map(Value::Double),
        any::<String>().prop_map(Value::Text),
        any::<Vec<u8>>().prop_map(Value::Binary),
    ]
}

proptest! {
    #[test]
    fn value_reads_back_from_its_text(value in any_value()) {
        let back = Value::parse(value.kind(), &value.to_string()).unwrap();
        prop_assert_eq!(back, value);
    }
}

#[test]
fn text_of_another_kind_is_refused_by_name() {
    let refused = Value::parse(Kind::U16, "65536").unwrap_err();
    assert_eq!(refused.to_string(), "\"65536\" is not a whole number from 0 to 65535");
    assert!(Value::parse(Kind::I32, "").is_err());
    assert!(Value::parse(Kind::Binary, "abc").is_err());
    assert!(Value::parse(Kind::Binary, "xy").is_err());
}

#[test]
fn only_a_text_is_a_text() {
    assert_eq!(Value::from("5").as_text(), Some("5"));
    assert_eq!(Value::U32(5).as_text(), None);
}
