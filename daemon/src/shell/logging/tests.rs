use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::Path;

use confdb::cluster::logging::Facility;

use super::*;
use crate::demo::scratch::Scratch;

fn settings() -> LogSettings {
    LogSettings {
        to_syslog: false,
        to_logfile: true,
        to_stderr: Some(false),
        logfile: None,
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

fn plan(dir: &Path) -> Plan {
    Plan {
        common: settings(),
        subsystems: Vec::new(),
        file: dir.join("clusterd.log"),
        level: LevelFilter::INFO,
        syslog: dir.join("syslog"),
    }
}

fn scratch() -> Scratch {
    Scratch::new("clusterd-log").expect("temporary files have a place")
}

/// A log whose writer runs when it is told to.
fn log(plan: Plan) -> (Logging, Receiver<Order>, Writer) {
    let (logging, queue, _) = Logging::new(plan, 16);
    let writer = Writer::new(Arc::clone(&logging.shared));
    (logging, queue, writer)
}

/// Has everything written that is on its way.
fn write(writer: &mut Writer, queue: &Receiver<Order>) {
    let (orders, waiting) = sync_channel(16);
    queue.try_iter().for_each(|order| orders.send(order).expect("there is room"));
    drop(orders);
    writer.run(&waiting);
}

fn texts(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).expect("it was written");
    text.lines().filter_map(|line| line.split("] ").nth(1)).map(str::to_owned).collect()
}

/// What a writer with this plan puts into its file.
fn written(change: impl FnOnce(&mut Plan), records: &[Record]) -> Vec<String> {
    let dir = scratch();
    let mut plan = plan(dir.path());
    change(&mut plan);
    let (logging, queue, mut writer) = log(plan);
    records.iter().for_each(|record| logging.send(Order::Write(record.clone())));
    write(&mut writer, &queue);
    let text = fs::read_to_string(dir.path().join("clusterd.log")).expect("it was written");
    text.lines().map(str::to_owned).collect()
}

#[test]
fn a_line_has_the_form_of_the_reference() {
    let lines = written(|_| {}, &[record(Level::INFO, "TOTEM", "A processor joined.")]);
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

#[test]
fn lines_go_to_the_files_of_their_subsystems() {
    let dir = scratch();
    let mut plan = plan(dir.path());
    let totem = dir.path().join("totem.log");
    let own = LogSettings { logfile: Some(totem.display().to_string()), ..settings() };
    let silent = LogSettings { to_logfile: false, ..settings() };
    plan.subsystems = vec![("TOTEM".to_owned(), own), ("CLM".to_owned(), silent)];
    assert_eq!(plan.files(), [plan.file.clone(), totem.clone()]);
    let (logging, queue, mut writer) = log(plan.clone());
    for subsystem in ["CMAN", "TOTEM", "CLM", "MAIN"] {
        logging.send(Order::Write(record(Level::INFO, subsystem, subsystem)));
    }
    write(&mut writer, &queue);
    assert_eq!(texts(&plan.file), ["CMAN", "MAIN"]);
    assert_eq!(texts(&totem), ["TOTEM"]);
}

#[test]
fn without_timestamp_a_line_begins_with_the_program() {
    let lines =
        written(|plan| plan.common.timestamp = false, &[record(Level::INFO, "CMAN", "text")]);
    assert_eq!(lines, ["clusterd [CMAN  ] text"]);
}

#[test]
fn another_configuration_counts_from_the_next_line_on() {
    let dir = scratch();
    let plan = plan(dir.path());
    let (logging, queue, mut writer) = log(plan.clone());
    let say = |text| logging.send(Order::Write(record(Level::DEBUG, "CMAN", text)));
    say("not wanted");
    write(&mut writer, &queue);
    let other = dir.path().join("other.log");
    let debug =
        LogSettings { debug: true, logfile: Some(other.display().to_string()), ..settings() };
    logging.apply(settings(), vec![("CMAN".to_owned(), debug)]);
    assert_eq!(logging.shared.level(), LevelFilter::DEBUG);
    say("wanted");
    write(&mut writer, &queue);
    logging.apply(settings(), Vec::new());
    assert_eq!(logging.shared.level(), LevelFilter::INFO);
    logging.set_debug(true);
    assert_eq!(logging.shared.level(), LevelFilter::DEBUG);
    say("here again");
    write(&mut writer, &queue);
    logging.set_debug(false);
    say("no more");
    write(&mut writer, &queue);
    assert_eq!(texts(&other), ["wanted"]);
    assert_eq!(texts(&plan.file), ["here again"]);
}

#[test]
fn syslog_gets_facility_severity_and_program_even_when_it_was_restarted() {
    let dir = scratch();
    let mut plan = plan(dir.path());
    plan.common.to_syslog = true;
    plan.common.syslog_priority = Priority::Warning;
    plan.subsystems = vec![("CMAN".to_owned(), LogSettings { debug: true, ..plan.common.clone() })];
    let path = plan.syslog.clone();
    let (logging, queue, mut writer) = log(plan);
    let mut say = |level, subsystem, text: &str| {
        logging.send(Order::Write(record(level, subsystem, text)));
        write(&mut writer, &queue);
    };
    say(Level::ERROR, "CMAN", "nobody listens");
    let listen = || {
        let socket = UnixDatagram::bind(&path).expect("the directory is ours");
        socket.set_nonblocking(true).expect("it is a socket");
        socket
    };
    let heard = |socket: &UnixDatagram| {
        let mut buffer = [0; 4096];
        let length = socket.recv(&mut buffer).ok()?;
        Some(String::from_utf8_lossy(&buffer[..length]).into_owned())
    };
    let first = listen();
    say(Level::ERROR, "TOTEM", "one");
    say(Level::INFO, "TOTEM", "too unimportant");
    say(Level::DEBUG, "CMAN", "two");
    let text = heard(&first).expect("it was said");
    // local4 is 20: 20 * 8 + 3.
    let end = format!(" clusterd[{}]: [TOTEM ] one", std::process::id());
    assert!(text.starts_with("<163>") && text.ends_with(&end), "{text}");
    let text = heard(&first).expect("it was said");
    assert!(text.starts_with("<167>") && text.ends_with("two"), "{text}");
    assert_eq!(heard(&first), None);
    drop(first);
    fs::remove_file(&path).expect("it is there");
    let second = listen();
    say(Level::WARN, "TOTEM", &"y".repeat(9999));
    let text = heard(&second).expect("it was said to the new one");
    assert_eq!((&text[..5], text.len()), ("<164>", 2048));
}

#[test]
fn a_syslog_that_does_not_read_stops_nothing() {
    let dir = scratch();
    let mut plan = plan(dir.path());
    plan.common.to_syslog = true;
    let _deaf = UnixDatagram::bind(&plan.syslog).expect("the directory is ours");
    let (logging, queue, mut writer) = log(plan.clone());
    for _ in 0..64 {
        for _ in 0..16 {
            logging.send(Order::Write(record(Level::INFO, "CMAN", &"x".repeat(1000))));
        }
        write(&mut writer, &queue);
    }
    assert_eq!(texts(&plan.file).len(), 1024);
}

#[test]
fn a_log_that_cannot_be_written_says_so_when_it_can_be_again() {
    let dir = scratch();
    let plan = plan(dir.path());
    fs::create_dir(&plan.file).expect("the directory is ours");
    let (logging, queue, mut writer) = log(plan.clone());
    for text in ["one", "two"] {
        logging.send(Order::Write(record(Level::INFO, "CMAN", text)));
    }
    write(&mut writer, &queue);
    fs::remove_dir(&plan.file).expect("it is empty");
    logging.reopen();
    logging.send(Order::Write(record(Level::INFO, "CMAN", "three")));
    write(&mut writer, &queue);
    assert_eq!(texts(&plan.file), ["three", "2 lines before this one could not be written"]);
}

#[test]
fn the_log_does_not_block_and_counts_what_it_loses() {
    let dir = scratch();
    let (logging, queue, _filter) = Logging::new(plan(dir.path()), 1);
    for _ in 0..3 {
        logging.send(Order::Reopen);
    }
    assert_eq!(logging.shared.lost.load(Ordering::Relaxed), 2);
    drop(queue);
    logging.finish();
}

#[test]
fn events_carry_message_fields_and_subsystem() {
    let dir = scratch();
    let (logging, queue, _filter) = Logging::new(plan(dir.path()), 4);
    let subscriber = tracing_subscriber::registry().with(Collector(logging));
    tracing::subscriber::with_default(subscriber, || {
        tracing::info!(target: "TOTEM", node = 3, "lost {}", 1);
        tracing::warn!(subsystem = "CLM", "{}", "\tr(0) ip(10.0.0.1) ");
    });
    let texts: Vec<_> = queue
        .try_iter()
        .map(|order| match order {
            Order::Write(record) => writer::body(&record),
            Order::Reopen | Order::Started | Order::Flush(_) => panic!("only lines were logged"),
        })
        .collect();
    assert_eq!(texts, ["[TOTEM ] lost 1 node=3", "[CLM   ] \tr(0) ip(10.0.0.1) "]);
}

#[test]
fn debugging_lets_more_events_pass_until_it_is_ended() {
    let dir = scratch();
    let (logging, queue, filter) = Logging::new(plan(dir.path()), 9);
    let collector = Collector(logging.clone()).with_filter(filter);
    tracing::subscriber::with_default(tracing_subscriber::registry().with(collector), || {
        for on in [false, true, false] {
            logging.set_debug(on);
            tracing::debug!("detail");
        }
    });
    assert_eq!(queue.try_iter().count(), 1);
}
