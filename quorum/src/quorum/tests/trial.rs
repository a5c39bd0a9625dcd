//! What would happen if.

use super::*;
use crate::quorum::trial::Step;

fn outcome(quorum: &Quorum, steps: &[Step]) -> Vec<(u32, u32, bool)> {
    let verdicts = quorum.what_if(steps).expect("possible");
    verdicts.iter().map(|it| (it.present.get(), it.needed.get(), it.quorate)).collect()
}

#[test]
fn steps_follow_each_other_and_touch_nothing() {
    let mut quorum = configured(&[1; 5], None, false);
    join(&mut quorum, &[1, 2, 3, 4], 5);
    let before = quorum.electorate.clone();
    let fail = |ids| Step::Fail(nodes(ids));
    assert_eq!(outcome(&quorum, &[fail(&[2]), fail(&[3])]), [(3, 3, true), (2, 3, false)]);
    let steps = [Step::Join(nodes(&[5])), fail(&[1, 2]), Step::Expected(Votes::new(3))];
    assert_eq!(outcome(&quorum, &steps), [(5, 3, true), (3, 3, true), (3, 2, true)]);
    let steps = [Step::Votes { node: node(1), votes: Votes::new(3) }, Step::Leave(nodes(&[1]))];
    assert_eq!(outcome(&quorum, &steps), [(6, 4, true), (3, 4, false)]);
    assert_eq!(quorum.electorate, before);
}

#[test]
fn impossible_steps_are_named_by_their_place() {
    let quorum = three();
    let refused = |steps: &[Step]| quorum.what_if(steps).expect_err("impossible");
    let fail = |ids| Step::Fail(nodes(ids));
    assert_eq!(refused(&[fail(&[9])]), (0, Refused::Unknown(node(9))));
    assert_eq!(refused(&[fail(&[2]), fail(&[2])]), (1, Refused::Absent(node(2))));
    assert_eq!(refused(&[Step::Join(nodes(&[2]))]), (0, Refused::Present(node(2))));
    let many = Refused::TooMany { needed: 6, present: 3 };
    assert_eq!(refused(&[Step::Expected(Votes::new(10))]), (0, many));
}

#[test]
fn the_outlook_counts_the_worst_case() {
    let quorum = three();
    let outlook = quorum.outlook();
    assert_eq!((outlook.any, outlook.each.len()), (1, 3));
    assert!(outlook.each.iter().all(|(_, verdict)| verdict.quorate));
    let mut heavy = configured(&[3, 1, 1, 1, 1], None, false);
    join(&mut heavy, &[1, 2, 3, 4, 5], 7);
    let outlook = heavy.outlook();
    assert_eq!(outlook.any, 1, "the heavy one, or any; then the heavy one must stay");
    assert!(outlook.each.iter().all(|(_, verdict)| verdict.quorate));
    heavy.on_departure(NOW, &gone(&[5]));
    let outlook = heavy.outlook();
    assert_eq!(outlook.any, 0);
    let bad: Vec<u32> =
        outlook.each.iter().filter(|(_, it)| !it.quorate).map(|(node, _)| node.get()).collect();
    assert_eq!(bad, [1]);
}

/// How many may fail, by trying every order of every set.
fn naive(quorum: &Quorum) -> usize {
    let rests: Vec<Quorum> = quorum
        .electorate
        .members()
        .into_iter()
        .map(|node| {
            let mut rest = quorum.clone();
            rest.on_departure(NOW, &Gone { all: [node].into(), ..Gone::default() });
            rest
        })
        .collect();
    if rests.is_empty() || rests.iter().any(|rest| !rest.verdict().quorate) {
        return 0;
    }
    1 + rests.iter().map(naive).min().expect("there is one")
}

#[test]
fn the_outlook_is_what_trying_everything_says() {
    for tie in [None, Some(TieBreaker::Lowest), Some(TieBreaker::List(std::vec![node(2), node(3)]))]
    {
        for code in 0..4_u32.pow(4) {
            let votes: Vec<u32> = (0..4).map(|at| code / 4_u32.pow(at) % 4).collect();
            let all = (1..).zip(&votes).map(|(id, &votes)| (node(id), Votes::new(votes))).collect();
            let config = Config::new(node(1), all, None, false).expect("valid");
            let rules = Rules { tie_breaker: tie.clone(), ..Rules::default() };
            let mut quorum = Quorum::new(&config.with_rules(rules).expect("valid"));
            join(&mut quorum, &[1, 2, 3, 4], votes.iter().sum());
            let expected = if quorum.verdict().quorate { naive(&quorum) } else { 0 };
            assert_eq!(quorum.outlook().any, expected, "{votes:?} {tie:?}");
        }
    }
}
