//! Seeds that once failed, each with what it found.
//!
//! Must never shrink: what was repaired once must stay repaired. A seed stands for the world that
//! is drawn from it today; when drawing changes, a regression that matters becomes a scenario.

use tests::campaign::run_seed;

/// Seed, and what it showed.
const SEEDS: &[(u64, &str)] = &[
    (39_290, "companions of a recovery that ended early kept their obligations to themselves"),
    (42_706, "the same"),
    (49_562, "the same"),
    (53_794, "what was accepted and decided elsewhere was forgotten for what was accepted next"),
    (89_034, "convergence was taken for granted while the last words of a dead node still arrived"),
];

#[test]
fn seeds_that_once_failed_stay_repaired() {
    for (seed, story) in SEEDS {
        if let (_, Err(violation)) = run_seed(*seed) {
            panic!("{story}\n{violation}");
        }
    }
}
