//! Worlds in which votes are counted in other ways than one file for all says.
//!
//! Must never change what else happens in a world: everything but the ballot is that of the seed.

use quorum::{Rules, TieBreaker, Votes};

use super::super::{Attendance, Plan, Span};
use super::{Ballot, draw, ms};
use crate::check::quorum::Counting;
use crate::faults::Fault;
use crate::rng::Rng;

/// The world of this seed, in which every node expects what it likes.
#[must_use]
pub fn mismatched(seed: u64) -> Plan {
    let mut plan = draw(seed);
    let mut rng = Rng::new(seed ^ 0x6578_7065_6374_6564);
    let sum: u32 = plan.machines.iter().map(|machine| machine.votes.get()).sum();
    let mut one = || rng.once_in(2).then(|| Votes::new(rng.between_u32(1, 2 * sum)));
    let expected = plan.machines.iter().map(|_| one()).collect();
    plan.ballot = Ballot { counting: Counting::Mismatched, expected, ..Ballot::default() };
    // A new version of the file ends what nodes were told apart from it: an operator's word, which
    // may cost the quorum.
    plan.versions.clear();
    plan.faults.retain(|(_, fault)| !matches!(fault, Fault::Reload { .. }));
    plan
}

/// The world of this seed, with a witness that decides between sides; one vote per node.
#[must_use]
pub fn witnessed(seed: u64) -> Plan {
    let mut rng = Rng::new(seed ^ 0x0077_6974_6e65_7373);
    let mut plan = if rng.once_in(3) {
        let mut pairs = (1_u64..).map(|turn| draw(seed ^ (turn << 40)));
        pairs.find(|plan| plan.two_node).expect("one in sixteen")
    } else {
        draw(seed)
    };
    plan.seed = seed;
    plan.two_node = false;
    plan.disallowed = None;
    for machine in &mut plan.machines {
        machine.votes = Votes::ONE;
    }
    let nodes = u32::try_from(plan.machines.len()).expect("plans have few nodes");
    let votes = if rng.once_in(2) { 1 } else { nodes - 1 };
    let pause = rng.pick(&[Span::micros(5_000, 30_000), Span::micros(20_000, 120_000)]);
    let blinks = rng.pick(&[0, 10_000, 50_000]);
    plan.ballot = Ballot {
        counting: Counting::Operated,
        expected: vec![Some(Votes::new(nodes + votes)); plan.machines.len()],
        device_timeout: Some(rng.duration(ms(400), ms(1_500))),
        sync_timeout: Some(rng.duration(ms(100), ms(1_500))),
        witness: Some(Attendance { votes: Votes::new(votes), pause, blinks }),
        ..Ballot::default()
    };
    // A new version of the file ends what nodes were told apart from it.
    plan.versions.clear();
    plan.faults.retain(|(_, fault)| !matches!(fault, Fault::Reload { .. }));
    plan
}

/// The world of this seed, with rules that go beyond CMAN; one vote per node.
#[must_use]
pub fn beyond(seed: u64) -> Plan {
    let mut plan = draw(seed);
    let mut rng = Rng::new(seed ^ 0x6265_796f_6e64);
    if plan.two_node {
        let rules = Rules { wait_for_all: true, ..Rules::default() };
        plan.ballot = Ballot { counting: Counting::Dynamic, rules, ..Ballot::default() };
        return plan;
    }
    for machine in &mut plan.machines {
        machine.votes = Votes::ONE;
    }
    let ids: Vec<totem::NodeId> = plan.machines.iter().map(|machine| machine.id).collect();
    let standing = rng.once_in(2).then(|| rng.duration(ms(50), ms(800)));
    let allow_downscale = rng.once_in(2);
    let tie_breaker = match rng.size(0, 5) {
        0 => Some(TieBreaker::Lowest),
        1 => Some(TieBreaker::Highest),
        2 | 3 => Some(TieBreaker::List(ids)),
        _ => None,
    };
    let rules = Rules {
        wait_for_all: standing.is_some() || allow_downscale || rng.once_in(2),
        tie_breaker,
        last_man_standing: standing,
        allow_downscale,
    };
    plan.ballot = Ballot { counting: Counting::Dynamic, rules, ..Ballot::default() };
    plan
}
