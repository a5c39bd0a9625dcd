use super::*;

#[test]
fn a_record_is_a_line_and_a_json_object() {
    let mut record = Record::new("live");
    record.text("engine", "clusterd").count("size", 1024_usize).hundredths("load", 105);
    assert_eq!(record.line(), "live         engine clusterd size 1024 load 1.05");
    assert_eq!(record.json(), r#"{"bench":"live","engine":"clusterd","size":1024,"load":1.05}"#);
}

#[test]
fn the_median_is_in_the_middle() {
    assert_eq!(median([]), 0);
    assert_eq!(median([7]), 7);
    assert_eq!(median([9, 1, 5]), 5);
    assert_eq!(median([4, 1, 3, 2]), 3);
}

#[test]
fn rates_do_not_overflow() {
    assert_eq!(per_second(10, 500_000_000), 20);
    assert_eq!(per_second(u64::MAX, 1), u64::MAX);
    assert_eq!(per_second(1, 0), 1_000_000_000);
}
