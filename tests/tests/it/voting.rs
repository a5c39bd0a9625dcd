//! Random worlds in which nodes expect what they like, or rules go beyond CMAN, judged at every
//! event; and the bugs that prove that the judges would see it.
//!
//! Must never pass by luck: the seeds are fixed, `SIM_FROM` and `SIM_SEEDS` choose others; with
//! `SIM_ECHO` the story of what fails is printed.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use tests::campaign::run;
use tests::plan::Plan;
use tests::plan::draw::ballot::{beyond, mismatched, witnessed};
use tests::trace::Detail;

/// Draws the world of a seed.
type Draw = fn(u64) -> Plan;

/// Worlds of each kind. Seeds 281 and 634 once let a node that caught up with a version wait for
/// all although those that it came to were quorate.
const SEEDS: u64 = 700;

fn number(name: &str, default: u64) -> u64 {
    let Ok(text) = std::env::var(name) else { return default };
    text.parse().unwrap_or_else(|_| panic!("{name}={text} is not a number"))
}

/// Runs the worlds of these seeds; what is wrong with some of them.
fn wrong(draw: Draw) -> Vec<String> {
    let (from, seeds) = (number("SIM_FROM", 0), number("SIM_SEEDS", SEEDS));
    let (next, found) = (AtomicU64::new(from), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= from + seeds || found.lock().expect("whole").len() > 2 {
                        return;
                    }
                    if run(draw(seed), Detail::Nothing, false).1.is_err() {
                        let (_, again) =
                            run(draw(seed), Detail::Story, std::env::var_os("SIM_ECHO").is_some());
                        let told = again.map_or_else(|it| it.to_string(), |()| "not again".into());
                        found.lock().expect("whole").push(told);
                    }
                }
            });
        }
    });
    found.into_inner().expect("no thread panics while it adds")
}

#[test]
fn a_join_never_takes_the_quorum_whatever_nodes_expect() {
    let wrong = wrong(mismatched);
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn rules_beyond_cman_never_let_two_sides_act() {
    let wrong = wrong(beyond);
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn a_witness_lets_one_side_act_and_takes_nothing_while_it_judges() {
    let wrong = wrong(witnessed);
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[cfg(feature = "planted")]
#[test]
fn every_bug_of_a_vote_counter_is_found() {
    use quorum::Planted;
    use tests::check::quorum::{JOIN, NAME};
    use tests::world::witness::{KEPT, SIDES, STALE};

    let bugs: [(Planted, Draw, &str); 7] = [
        (Planted::NewcomerRules, mismatched, JOIN),
        (Planted::NotRearmed, beyond, NAME),
        (Planted::TieOnBothSides, beyond, NAME),
        (Planted::OldWordCounts, witnessed, SIDES),
        (Planted::SilenceVouches, witnessed, SIDES),
        (Planted::NobodyWaits, witnessed, KEPT),
        (Planted::WaitsForEver, witnessed, STALE),
    ];
    for (bug, draw, property) in bugs {
        let seed = (0..2_000).find(|&seed| {
            let mut plan = draw(seed);
            plan.ballot.bug = Some(bug);
            run(plan, Detail::Nothing, false).1.is_err_and(|it| it.property == property)
        });
        let seed = seed.unwrap_or_else(|| panic!("{bug:?} survives 2000 seeds"));
        println!("{bug:?} {seed} {property}");
        let healthy = run(draw(seed), Detail::Nothing, false).1;
        assert!(healthy.is_ok(), "{bug:?} proves nothing, its world fails anyway: {healthy:?}");
    }
}
