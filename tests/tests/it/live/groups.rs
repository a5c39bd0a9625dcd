//! Process groups at real daemons: copies of a state machine that crash, programs that are killed,
//! programs that do not read, thousands of programs, and a daemon that answers while its ring is
//! broken.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use client::proto::Reason;
use client::{Connection, Error, GroupEvent, Guarantee};
use daemon::demo::process::Process;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tests::bench::site;
use tests::lab::{Lab, PATIENCE, Setup, alone, programs};

use super::{THREE, figure, figure_of};

/// A copy of the table on a host.
struct Copy {
    process: Process,
    input: ChildStdin,
    lines: Receiver<String>,
    id: usize,
}

impl Copy {
    fn start(lab: &Lab, host: usize) -> Self {
        let program = programs().expect("there is a lab").join("examples/replicated_kv");
        assert!(
            program.is_file(),
            "{} is missing: cargo build -p client --examples",
            program.display()
        );
        let mut command = Command::new(program);
        command.arg(lab.home(host).socket()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = lab.spawn(host, &mut command);
        let input = process.take_stdin().expect("it is a pipe");
        let output = process.take_stdout().expect("it is a pipe");
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { process, input, lines, id: host + 1 }
    }

    fn say(&mut self, line: &str) {
        writeln!(self.input, "{line}").expect("it reads");
    }

    /// Waits for a line.
    fn until(&self, what: &str, wanted: impl FnMut(&str) -> bool) -> String {
        let end = Instant::now() + PATIENCE;
        let mut wanted = wanted;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left);
            let line = line.unwrap_or_else(|why| panic!("copy {}: no {what}: {why}", self.id));
            if wanted(&line) {
                return line;
            }
        }
    }

    /// Waits for so many commands of each of these.
    fn done(&self, by: &[usize], count: usize) {
        let mut seen = vec![0; by.len()];
        self.until("commands", |line| {
            let from = line.strip_prefix("done ").and_then(|line| line.split(' ').nth(1));
            if let Some(at) = by.iter().position(|it| from == Some(&it.to_string())) {
                seen[at] += 1;
            }
            seen.iter().all(|seen| *seen >= count)
        });
    }

    fn view(&self, nodes: &str) {
        let wanted = format!("view {nodes} (");
        self.until(&wanted, |line| line.starts_with(&wanted));
    }

    fn sum(&mut self) -> String {
        self.say("sum");
        self.until("sum", |line| line.starts_with("sum "))
    }
}

/// Each says so much, and each hears all of it.
fn traffic(copies: &mut [&mut Copy], round: &str) {
    const COUNT: usize = 20;
    for copy in &mut *copies {
        for number in 0..COUNT {
            let id = copy.id;
            copy.say(&format!("set key{} {round}-{id}-{number}", number % 7));
        }
    }
    let ids: Vec<usize> = copies.iter().map(|copy| copy.id).collect();
    copies.iter().for_each(|copy| copy.done(&ids, COUNT));
    let sums: Vec<String> = copies.iter_mut().map(|copy| copy.sum()).collect();
    assert!(sums.windows(2).all(|pair| pair[0] == pair[1]), "{round}: {sums:?}");
}

#[test]
fn copies_of_a_table_stay_one_whatever_crashes() {
    let Some(mut lab) = Lab::new(&Setup::new(THREE, 3).token(1000)) else { return };
    lab.start_all();
    let [mut one, mut two, mut three] = [0, 1, 2].map(|host| Copy::start(&lab, host));
    [&one, &two, &three].iter().for_each(|copy| copy.view("1 2 3"));
    traffic(&mut [&mut one, &mut two, &mut three], "all");

    // The program with the lowest address, which gives the state to newcomers.
    for number in 0..50 {
        one.say(&format!("set last {number}"));
    }
    one.process.kill().expect("it is ours");
    [&two, &three].iter().for_each(|copy| copy.view("2 3"));
    traffic(&mut [&mut two, &mut three], "without the first");
    drop(one);
    let mut one = Copy::start(&lab, 0);
    one.until("state", |line| line.starts_with("state "));
    [&two, &three].iter().for_each(|copy| copy.view("1 2 3"));
    traffic(&mut [&mut one, &mut two, &mut three], "with the first again");

    // A daemon, and with it its copy.
    lab.kill(2);
    [&one, &two].iter().for_each(|copy| copy.view("1 2"));
    traffic(&mut [&mut one, &mut two], "without a daemon");
    drop(three);
    lab.start(2, &[]);
    let mut three = Copy::start(&lab, 2);
    three.until("state", |line| line.starts_with("state "));
    [&one, &two].iter().for_each(|copy| copy.view("1 2 3"));
    traffic(&mut [&mut one, &mut two, &mut three], "with the daemon again");

    // A link: the copy behind it stops, and comes back as a newcomer.
    lab.cut(1);
    two.until("end of quorum", |line| line == "suspended");
    [&one, &three].iter().for_each(|copy| copy.view("1 3"));
    two.say("set lost in-between");
    traffic(&mut [&mut one, &mut three], "without a link");
    lab.heal(1);
    two.until("state", |line| line.starts_with("state "));
    [&one, &three].iter().for_each(|copy| copy.view("1 2 3"));
    // What was said behind the cut link waited there for a view.
    [&one, &two, &three].iter().for_each(|copy| copy.done(&[2], 1));
    traffic(&mut [&mut one, &mut two, &mut three], "with the link again");
}

#[test]
fn killed_programs_leave_nothing() {
    let Some(_programs) = programs() else { return };
    let _alone = alone();
    site::enter().expect("live tests run as root");
    let program = PathBuf::from(env!("CARGO_BIN_EXE_groups"));
    let outcome = tests::groups::run(&program, (100, 1), |_| {});
    let outcome = outcome.unwrap_or_else(|why| panic!("{why}"));
    assert!(outcome.kills == 300 && outcome.views > 100, "{outcome:?}");
    let mib = |bytes: u64| bytes >> 20;
    let sizes = outcome.resident.iter().map(|(before, after)| (mib(*before), mib(*after)));
    let sizes: Vec<_> = sizes.collect();
    figure_of("MiB of daemons after 50 and 100 rounds of killing", &format!("{sizes:?}"));
    for (before, after) in outcome.resident {
        assert!(after < before + (16 << 20), "{before} bytes, then {after}");
    }
}

/// A member that reads as fast as it can, on a thread of its own, and how much it has heard.
struct Reader {
    heard: Arc<AtomicU32>,
    thread: thread::JoinHandle<Error>,
}

impl Reader {
    fn start(mut member: Connection) -> Self {
        let heard = Arc::new(AtomicU32::new(0));
        let counter = Arc::clone(&heard);
        let thread = thread::spawn(move || {
            loop {
                match member.group_event(None) {
                    Ok(Some(GroupEvent::Message(_))) => {
                        counter.fetch_add(1, Ordering::Relaxed);
                    }
                    Ok(Some(GroupEvent::View(_) | GroupEvent::Ring(_)) | None) => {}
                    Err(why) => return why,
                }
            }
        });
        Self { heard, thread }
    }

    /// Messages per second for some time.
    fn rate(&self, span: Duration) -> f64 {
        let (start, before) = (Instant::now(), self.heard.load(Ordering::Relaxed));
        thread::park_timeout(span);
        let count = self.heard.load(Ordering::Relaxed) - before;
        f64::from(count) / start.elapsed().as_secs_f64()
    }
}

/// Sends as much as the daemon takes, and reads as little as it must, until the daemon ends.
fn flood(mut sender: Connection) -> Error {
    let payload = vec![7; 1000];
    loop {
        match sender.group_post(Guarantee::Agreed, &payload) {
            Ok(()) => {}
            // Its own messages come back: it has to take them before it may send more.
            Err(Error::Refused { reason: Reason::TryAgain, .. }) => {}
            Err(why) => return why,
        }
        for _ in 0..2 {
            match sender.group_event(Some(Instant::now())) {
                Ok(_) => {}
                Err(why) => return why,
            }
        }
    }
}

#[test]
fn a_member_that_does_not_read_is_cut_off_and_delays_nobody() {
    const SPAN: Duration = Duration::from_secs(1);
    const ROUNDS: usize = 12;
    let Some(mut lab) = Lab::new(&Setup::new(THREE, 3)) else { return };
    lab.start_all();
    let join = |host: usize, pid: u32| {
        let mut member = lab.connect(host).expect("it runs");
        member.join_group(b"load", pid, false).expect("it is permitted");
        member
    };
    let reader = Reader::start(join(1, 2));
    let sender = join(0, 1);
    let load = thread::spawn(move || flood(sender));
    let mut asks = lab.connect(1).expect("it runs");
    let mut subsystems = || asks.status().expect("it answers").subsystems;
    reader.rate(SPAN);
    // In turns, and the best of each: the machine has other things to do as well. Whoever delays
    // the others does so every time; the later rounds only wait for a moment of peace.
    let (mut without, mut with) = (0.0_f64, 0.0_f64);
    for round in 1..=ROUNDS {
        without = without.max(reader.rate(SPAN));
        let there = subsystems();
        let mut idle = join(1, 3);
        let end = Instant::now() + PATIENCE;
        let mut rates = Vec::new();
        while rates.is_empty() || subsystems() > there {
            assert!(Instant::now() < end, "it is not cut off: {}", lab.log(1));
            rates.push(reader.rate(SPAN));
        }
        with = rates.into_iter().fold(with, f64::max);
        // It was cut off, and finds out why when it reads at last.
        let why = loop {
            match idle.group_event(Some(Instant::now() + PATIENCE)) {
                Ok(Some(_)) => {}
                Ok(None) => panic!("it is not told: {}", lab.log(1)),
                Err(why) => break why,
            }
        };
        let Error::Refused { reason: Reason::Overrun, text } = why else { panic!("{why:?}") };
        assert!(text.starts_with("it does not read: "), "{text}");
        if round >= 4 && with >= without * 0.9 {
            break;
        }
    }
    assert!(!reader.thread.is_finished() && !load.is_finished(), "{}", lab.log(0) + &lab.log(1));
    let share = format!("{:.2} of {without:.0} messages per second", with / without);
    figure_of("throughput beside a member that does not read", &share);
    assert!(with >= without * 0.9, "{share}");
    drop(lab);
    for end in [load.join(), reader.thread.join()] {
        let end = end.expect("it ends with its daemon");
        assert!(matches!(end, Error::Lost | Error::System(_)), "{end:?}");
    }
}

#[test]
fn five_thousand_programs_are_served_and_leave_nothing() {
    const PROGRAMS: usize = 5000;
    let Some(mut lab) = Lab::new(&Setup::new(THREE, 3)) else { return };
    lab.start_all();
    more_descriptors(PROGRAMS + 200);
    let mut working = lab.connect(0).expect("it runs");
    let descriptors = lab.descriptors(0);
    let before = lab.resident(0);
    let mut resident = Vec::new();
    for _ in 0..2 {
        let idle: Vec<Connection> = (0..PROGRAMS).map(|number| connected(&lab, number)).collect();
        let mut slowest = Duration::ZERO;
        for _ in 0..200 {
            let asked = Instant::now();
            let there = working.status().expect("it answers").subsystems;
            slowest = slowest.max(asked.elapsed());
            assert_eq!(there, u32::try_from(idle.len() + 1).expect("they are few"));
        }
        figure("slowest status beside 5,000 programs", &[slowest]);
        assert!(slowest < Duration::from_secs(1), "{slowest:?}");
        let with = lab.resident(0);
        drop(idle);
        let end = Instant::now() + PATIENCE;
        while working.status().expect("it answers").subsystems > 1
            || lab.descriptors(0) > descriptors
        {
            assert!(Instant::now() < end, "{} descriptors remain", lab.descriptors(0));
        }
        resident.push((with, lab.resident(0)));
    }
    let mib = |bytes: u64| f64::from(u32::try_from(bytes >> 10).expect("less than 4 TiB")) / 1024.0;
    let [(with, after), (again, last)] = resident[..] else { panic!("two rounds") };
    let text = format!(
        "{:.1} MiB, with them {:.1}, then {:.1}; again {:.1}, then {:.1}",
        mib(before),
        mib(with),
        mib(after),
        mib(again),
        mib(last),
    );
    figure_of("memory of a daemon for 5,000 programs", &text);
    assert!(with - before < 128 << 20, "{text}");
    // The allocator keeps what they had for those who come later; a leak would add to it.
    assert!(again < with + (8 << 20) && last < after + (8 << 20), "{text}");
}

fn connected(lab: &Lab, number: usize) -> Connection {
    lab.connect(0).unwrap_or_else(|why| panic!("program {number}: {why}"))
}

/// Lets this process have so many descriptors.
fn more_descriptors(wanted: usize) {
    let wanted = u64::try_from(wanted).expect("they are few");
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_none_or(|current| current >= wanted) {
        return;
    }
    let maximum = maximum.map(|maximum| maximum.max(wanted));
    setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum })
        .expect("live tests run as root");
}

#[test]
fn a_daemon_answers_while_its_ring_is_broken() {
    let Some(mut lab) = Lab::new(&Setup::new(THREE, 3).token(3000)) else { return };
    lab.start_all();
    let mut daemon = lab.connect(0).expect("it runs");
    daemon.join_group(b"alive", 1, false).expect("it is permitted");
    lab.cut(0);
    // The ring is broken for seconds, and nothing can be ordered.
    let mut slowest = Duration::ZERO;
    let (mut broken, mut sent) = (false, 0);
    while !broken || daemon.status().expect("it lives").phase != "operational" {
        let asked = Instant::now();
        daemon.ping().expect("it answers");
        daemon.group_members(b"alive").expect("it answers");
        // What is taken now comes back later, all at once.
        if sent < 1000 {
            daemon.group_post(Guarantee::Agreed, b"later").expect("it is taken");
            sent += 1;
        }
        slowest = slowest.max(asked.elapsed());
        broken |= daemon.status().expect("it lives").phase != "operational";
        while daemon.group_event(Some(Instant::now())).expect("it lives").is_some() {}
    }
    figure("slowest answer while a ring is broken", &[slowest]);
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
    lab.heal(0);
    lab.agree(&[0, 1, 2]);
}
