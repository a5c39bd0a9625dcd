//! Random worlds, judged at every event.
//!
//! Must never pass by luck: the seeds are fixed, `SIM_FROM` and `SIM_SEEDS` choose others, and the
//! `campaign` binary runs very many.

use tests::campaign::{Campaign, run, run_all};
use tests::plan::draw::draw;
use tests::trace::Detail;
use tests::world::World;

fn number(name: &str, default: u64) -> u64 {
    let Ok(text) = std::env::var(name) else { return default };
    text.parse().unwrap_or_else(|_| panic!("{name}={text} is not a number"))
}

#[test]
fn random_worlds_break_no_property() {
    let campaign = Campaign {
        from: number("SIM_FROM", 0),
        seeds: number("SIM_SEEDS", 500),
        threads: 2,
        most_violations: 3,
    };
    let outcome = run_all(campaign, |_, _| {});
    let told: Vec<String> = outcome.violations.iter().map(ToString::to_string).collect();
    assert!(told.is_empty(), "{}", told.join("\n\n"));
    println!("{}", outcome.figures.table());
    let figures = outcome.figures;
    assert_eq!(figures.seeds, campaign.seeds);
    assert!(figures.messages > 10 * campaign.seeds, "hardly anything was delivered");
}

#[test]
fn a_seed_gives_the_same_run_every_time() {
    for seed in 0..20 {
        let (first, _) = run(draw(seed), Detail::Nothing, false);
        let mut world = World::with_faults(draw(seed), Detail::Everything);
        let again = world.run();
        assert_eq!(first, world.figures, "seed {seed}, {again:?}");
    }
}
