//! Many seeds, on several threads, until the first violations.
//!
//! Must never let the order in which threads finish change what a seed does: seeds share nothing.

use core::cell::Cell;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::thread;

use crate::figures::Figures;
use crate::plan::Plan;
use crate::plan::draw::draw;
use crate::trace::Detail;
use crate::violation::{Violation, replay};
use crate::world::World;

thread_local! {
    static SEED: Cell<Option<u64>> = const { Cell::new(None) };
}

/// From now on a panic names the seed of its run before anything else happens: where panics abort,
/// there is no later moment to say it.
pub fn name_seeds_in_panics() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if let Some(seed) = SEED.get() {
            eprintln!("seed {seed} panics, again: {}", replay(seed));
        }
        usual(panic);
    }));
}

/// Lines of the trace that a report shows.
pub const TAIL: usize = 60;

/// Runs one plan, and prints its trace on the way if asked to.
pub fn run(plan: Plan, detail: Detail, echo: bool) -> (Figures, Result<(), Box<Violation>>) {
    let seed = plan.seed;
    SEED.set(Some(seed));
    let mut world = World::with_faults(plan, detail);
    world.trace.keep = TAIL;
    world.trace.echo = echo;
    let result = catch_unwind(AssertUnwindSafe(|| world.run()));
    SEED.set(None);
    let result = result.unwrap_or_else(|panic| {
        let what = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("a panic without words");
        Err(Box::new(Violation {
            property: "nobody panics",
            seed,
            at: world.now(),
            nodes: Vec::new(),
            messages: Vec::new(),
            detail: what.into(),
            tail: Vec::new(),
        }))
    });
    let result = result.map_err(|mut violation| {
        violation.tail = world.trace.tail(TAIL);
        violation
    });
    (world.figures, result)
}

/// Runs one seed; one that fails is run again with its trace on.
pub fn run_seed(seed: u64) -> (Figures, Result<(), Box<Violation>>) {
    let (figures, result) = run(draw(seed), Detail::Nothing, false);
    if result.is_ok() {
        return (figures, result);
    }
    (figures, run(draw(seed), Detail::Everything, false).1)
}

/// What to run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Campaign {
    /// First seed.
    pub from: u64,
    /// How many.
    pub seeds: u64,
    /// On so many threads.
    pub threads: usize,
    /// Stop after so many violations.
    pub most_violations: usize,
}

/// What came out.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Counts over all seeds.
    pub figures: Figures,
    /// Violations, by ascending seed.
    pub violations: Vec<Violation>,
}

/// Runs a campaign.
#[must_use]
pub fn run_all(campaign: Campaign, progress: impl Fn(u64, Duration) + Sync) -> Outcome {
    let next = AtomicU64::new(campaign.from);
    let stop = AtomicBool::new(false);
    let end = campaign.from.saturating_add(campaign.seeds);
    let outcome = Mutex::new(Outcome::default());
    let work = || {
        while !stop.load(Ordering::Relaxed) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= end {
                break;
            }
            let (figures, result) = run_seed(seed);
            let mut all = outcome.lock().expect("no thread panics while it adds");
            all.figures.add(&figures);
            if let Err(violation) = result {
                all.violations.push(*violation);
                let enough = all.violations.len() >= campaign.most_violations;
                stop.fetch_or(enough, Ordering::Relaxed);
            }
            progress(all.figures.seeds, Duration::from_nanos(all.figures.nanos));
        }
    };
    thread::scope(|scope| {
        for _ in 0..campaign.threads.max(1) {
            scope.spawn(work);
        }
    });
    let mut outcome = outcome.into_inner().expect("no thread panics while it adds");
    outcome.violations.sort_by_key(|violation| violation.seed);
    outcome
}
