use super::*;

const TOTAL: &str = concat!(
    r#"{"node":1,"span":"total","members":3,"size":1024,"messages":100,"#,
    r#""messages_per_second":50,"megabytes_per_second":12.34}"#,
);

#[test]
fn fields_are_found_by_their_whole_names() {
    assert_eq!(field(TOTAL, "span"), Some("total"));
    assert_eq!(field(TOTAL, "messages"), Some("100"));
    assert_eq!(field(TOTAL, "megabytes_per_second"), Some("12.34"));
    assert_eq!(field(TOTAL, "absent"), None);
    assert_eq!(field("{\"span\":", "span"), None);
}

#[test]
fn a_total_ends_a_host() {
    let mut host = Host::default();
    host.take(&TOTAL.replace("total", "second"), Usage::default()).expect("a line");
    assert!(host.first.is_some() && host.last.is_none());
    host.take(TOTAL, Usage { cpu: 1, resident: 2 << 20 }).expect("a line");
    assert_eq!((host.megabytes, host.messages), (1234, 50));
    assert!(host.take("Segmentation fault", Usage::default()).is_err());
    let outcome = sum(&[host, host]);
    assert_eq!((outcome.megabytes, outcome.resident), (1234, 2 << 20));
}

#[test]
fn the_slowest_host_counts() {
    let host = |megabytes| Host { megabytes, messages: megabytes, ..Host::default() };
    let outcome = sum(&[host(300), host(100), host(200)]);
    assert_eq!((outcome.megabytes, outcome.messages), (100, 100));
}
