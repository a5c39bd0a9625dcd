use super::*;

const RECORDS: &str = concat!(
    r#"{"bench":"throughput","engine":"clusterd","nodes":3,"size":1024,"senders":3,"#,
    r#""megabytes_per_second":400.00,"cpu_ns_per_message":5000,"load":1.00}"#,
    "\n",
    r#"{"bench":"throughput","engine":"corosync-aes256","nodes":3,"size":1024,"senders":3,"#,
    r#""megabytes_per_second":50.00,"cpu_ns_per_message":40000,"load":2.50}"#,
    "\n",
    r#"{"bench":"failure","engine":"clusterd","nodes":3,"blow":"kill","token":0,"ms":41.00}"#,
    "\n",
    r#"{"bench":"failure","engine":"corosync-aes256","nodes":3,"blow":"kill","token":0,"#,
    r#""failure":1}"#,
    "\n",
);

#[test]
fn medians_are_of_what_is_asked_for() {
    let rows = Rows::read(RECORDS).expect("records");
    let key = [("nodes", "3".to_owned())];
    let of = |engine| rows.median(("throughput", engine), &key, "megabytes_per_second");
    assert_eq!(
        (of("clusterd"), of("corosync-aes256"), of("other")),
        (Some(400.0), Some(50.0), None)
    );
    assert_eq!((rows.len(), rows.failed(), rows.span("load")), (4, 1, (1.0, 2.5)));
    assert!(Rows::read("no record").is_err());
}

#[test]
fn a_report_has_the_bars_the_tables_and_the_plots() {
    let scratch = daemon::demo::scratch::Scratch::new("report").expect("a directory");
    let (records, into) = (scratch.path().join("a.jsonl"), scratch.path().join("out"));
    fs::write(&records, RECORDS).expect("written");
    write(&[records], &into).expect("a report");
    let text = fs::read_to_string(into.join("README.md")).expect("it is there");
    assert!(text.contains("| throughput, 1 KiB–64 KiB, 3 nodes | 4 × | 8 × | 8.00 × |"), "{text}");
    assert!(
        text.contains(
            "| kill -9 → all agree, 3 nodes, default timers | 250 ms | 50 ms | 41.0 ms |"
        )
    );
    assert!(text.contains("1 failed") || text.contains("of which 1"), "{text}");
    let plot = fs::read_to_string(into.join("throughput-3.svg")).expect("a plot");
    assert!(plot.starts_with("<svg") && plot.contains("clusterd"), "{plot}");
}
