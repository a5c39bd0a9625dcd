use std::fs;
use std::sync::mpsc::sync_channel;

use confdb::cluster::logging::Facility;

use super::*;

fn settings() -> LogSettings {
    LogSettings {
        to_syslog: false,
        to_logfile: true,
        to_stderr: false,
        logfile: String::new(),
        syslog_facility: Facility::LOCAL4,
        syslog_priority: Priority::Info,
        logfile_priority: Priority::Info,
        debug: false,
        timestamp: true,
    }
}

fn record(level: Level, subsystem: &str, text: &str) -> Record {
    Record {
        at: Duration::from_secs(1),
        level,
        subsystem: subsystem.to_owned(),
        text: text.to_owned(),
    }
}

/// What a writer with this plan puts into its file.
fn written(name: &str, change: impl FnOnce(&mut Plan), records: &[Record]) -> Vec<String> {
    let file = std::env::temp_dir().join(format!("clusterd-log-{name}-{}", std::process::id()));
    let mut plan = Plan {
        common: settings(),
        subsystems: Vec::new(),
        file: Some(file.clone()),
        level: LevelFilter::INFO,
    };
    change(&mut plan);
    let lost = Arc::new(AtomicU64::new(0));
    let mut writer = Writer::new(plan, lost);
    let (orders, queue) = sync_channel(16);
    for record in records {
        orders.send(Order::Write(record.clone())).expect("the queue has room");
    }
    drop(orders);
    writer.run(&queue);
    let text = fs::read_to_string(&file).expect("it was written");
    fs::remove_file(&file).expect("it is there");
    text.lines().map(str::to_owned).collect()
}

#[test]
fn a_line_has_the_form_of_the_reference() {
    let lines = written("form", |_| {}, &[record(Level::INFO, "TOTEM", "A processor joined.")]);
    let [line] = &lines[..] else { panic!("one line, not {lines:?}") };
    let (time, rest) = line.split_at("Nov 20 10:35:51".len());
    assert_eq!(rest, " clusterd [TOTEM ] A processor joined.");
    assert!(time.starts_with("Jan 01") || time.starts_with("Dec 31"), "{time}");
    assert_eq!(time.as_bytes()[9], b':');
}

#[test]
fn each_place_and_part_draws_its_own_line() {
    let records = [
        record(Level::INFO, "TOTEM", "one"),
        record(Level::WARN, "TOTEM", "two"),
        record(Level::DEBUG, "CMAN", "three"),
        record(Level::DEBUG, "MAIN", "four"),
    ];
    let lines = written(
        "lines",
        |plan| {
            plan.common.logfile_priority = Priority::Warning;
            plan.subsystems = vec![("CMAN".to_owned(), LogSettings { debug: true, ..settings() })];
        },
        &records,
    );
    let texts: Vec<_> = lines.iter().filter_map(|line| line.split("] ").nth(1)).collect();
    assert_eq!(texts, ["two", "three"]);
}

#[test]
fn one_event_is_one_line_whatever_a_peer_put_into_it() {
    assert_eq!(one_line("a\nb\r\x1b[2Jc\td".to_owned()), "a?b??[2Jc\td");
}

fn logging(orders: SyncSender<Order>) -> Logging {
    let lost = Arc::new(AtomicU64::new(0));
    Logging { orders, lost, configured: LevelFilter::INFO, filter: None }
}

#[test]
fn debugging_lets_more_events_pass_until_it_is_ended() {
    let (orders, queue) = sync_channel(9);
    let (filter, handle) = reload::Layer::new(LevelFilter::INFO);
    let logging = Logging { filter: Some(handle), ..logging(orders) };
    let subscriber =
        tracing_subscriber::registry().with(Collector(logging.clone()).with_filter(filter));
    tracing::subscriber::with_default(subscriber, || {
        for on in [false, true, false] {
            logging.set_debug(on);
            tracing::debug!("detail");
        }
    });
    let lines = queue.try_iter().filter(|order| matches!(order, Order::Write(_)));
    assert_eq!(lines.count(), 1);
}

#[test]
fn the_log_does_not_block_and_counts_what_it_loses() {
    let (orders, queue) = sync_channel(1);
    let logging = logging(orders);
    for _ in 0..3 {
        logging.send(Order::Reopen);
    }
    assert_eq!(logging.lost.load(Ordering::Relaxed), 2);
    drop(queue);
    logging.finish();
}

#[test]
fn events_carry_message_fields_and_subsystem() {
    let (orders, queue) = sync_channel(4);
    let logging = logging(orders);
    let subscriber = tracing_subscriber::registry().with(Collector(logging));
    tracing::subscriber::with_default(subscriber, || {
        tracing::info!(target: "TOTEM", node = 3, "lost {}", 1);
        tracing::warn!(subsystem = "CLM", "{}", "\tr(0) ip(10.0.0.1) ");
    });
    let texts: Vec<_> = queue
        .try_iter()
        .map(|order| match order {
            Order::Write(record) => writer::body(&record),
            Order::Reopen | Order::Started | Order::Debug(_) | Order::Flush(_) => {
                panic!("only lines were logged")
            }
        })
        .collect();
    assert_eq!(texts, ["[TOTEM ] lost 1 node=3", "[CLM   ] \tr(0) ip(10.0.0.1) "]);
}
