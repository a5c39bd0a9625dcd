use super::*;

#[test]
fn a_swarm_forms_once_and_loses_one() {
    let mut journal = Journal::new(None).expect("no file");
    run(&[5], &mut journal).expect("they come together");
    assert!(journal.failures.is_empty());
}

#[test]
fn a_ring_has_an_end() {
    let mut journal = Journal::new(None).expect("no file");
    run(&[129], &mut journal).expect("it is refused");
    assert_eq!(journal.failures, ["129 nodes: a ring takes 128"]);
}

#[test]
fn the_same_swarm_says_the_same() {
    let said = || {
        let mut swarm = Swarm::new(6);
        swarm.go(Instant::default() + Duration::from_secs(2));
        swarm.said
    };
    assert_eq!(said(), said());
    assert!(said().joins > 0);
}
