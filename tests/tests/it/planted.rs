//! The proof that the simulator finds what it is there to find: each of a list of protocol bugs,
//! planted alone, breaks a property within so many seeds.
//!
//! Must never be content with a bug that is found by chance in a world that fails anyway: the same
//! seed without the bug breaks nothing.
//!
//! `PLANTED=DropTail` runs the named ones only, `PLANTED_SEEDS` allows more or fewer seeds.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use tests::campaign::run;
use tests::plan::Plan;
use tests::plan::draw::draw;
use tests::trace::Detail;
use totem::{Plant, Planted};

/// Within so many seeds every bug is found.
const MOST_SEEDS: u64 = 2_000;

/// What found a bug.
struct Find {
    seed: u64,
    property: &'static str,
    detail: String,
}

fn find(bug: Planted, seeds: u64) -> Option<Find> {
    (0..seeds).find_map(|seed| {
        let plan = Plan { plant: Plant::new(Some(bug)), ..draw(seed) };
        let violation = run(plan, Detail::Nothing, false).1.err()?;
        let (property, detail) = (violation.property, violation.detail);
        Some(Find { seed, property, detail })
    })
}

/// The bugs asked for.
fn chosen() -> Vec<Planted> {
    let names = std::env::var("PLANTED").unwrap_or_default();
    let wanted =
        |bug: &Planted| names.is_empty() || names.split(',').any(|name| name == format!("{bug:?}"));
    Planted::ALL.iter().copied().filter(wanted).collect()
}

#[test]
fn every_planted_bug_is_found() {
    let seeds = std::env::var("PLANTED_SEEDS").map_or(MOST_SEEDS, |text| {
        text.parse().unwrap_or_else(|_| panic!("PLANTED_SEEDS={text} is not a number"))
    });
    let bugs = chosen();
    assert!(bugs.len() >= 20 || std::env::var("PLANTED").is_ok(), "too few bugs to prove a thing");
    let (next, found) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(bug) = bugs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let find = find(*bug, seeds);
                    let mut found = found.lock().expect("no thread panics while it adds");
                    found.insert(format!("{bug:?}"), find);
                }
            });
        }
    });
    let found = found.into_inner().expect("no thread panics while it adds");
    let mut failures = Vec::new();
    for bug in &bugs {
        let name = format!("{bug:?}");
        let Some(find) = &found[&name] else {
            println!("{name:<24}     -  not found");
            failures.push(format!("{name} survives {seeds} seeds"));
            continue;
        };
        let detail: String = find.detail.lines().take(1).flat_map(str::chars).take(100).collect();
        println!("{name:<24} {:>5}  {}: {detail}", find.seed, find.property);
        if let Err(violation) = run(draw(find.seed), Detail::Nothing, false).1 {
            failures.push(format!("{name} proves nothing, its world fails anyway:\n{violation}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
