//! What operators and their scripts read, byte for byte.

use tests::lab::{Lab, Setup, transcript};

use super::{LISTING1, THREE};

pub(super) fn check(lab: &mut Lab, written: &str) {
    let (now, then) = transcript::replay(lab, written);
    if now == then {
        return;
    }
    let same = now.lines().zip(then.lines()).take_while(|(now, then)| now == then).count();
    let around = |text: &str| -> String {
        text.lines().skip(same.saturating_sub(8)).take(24).map(|line| format!("{line}\n")).collect()
    };
    let logs: String = (0..lab.len()).map(|host| lab.log(host)).collect();
    let line = same + 1;
    panic!("line {line} differs\n== expected\n{}== got\n{}\n{logs}", around(&then), around(&now));
}

#[test]
fn two_nodes_read_as_ever() {
    let Some(mut lab) = Lab::new(&Setup::new(LISTING1, 2)) else { return };
    lab.start_all();
    check(&mut lab, include_str!("two-nodes.txt"));
}

#[test]
fn leaving_and_joining_reads_as_ever() {
    let Some(mut lab) = Lab::new(&Setup::new(LISTING1, 2)) else { return };
    lab.start_all();
    check(&mut lab, include_str!("leave-and-join.txt"));
}

#[test]
fn kills_read_as_ever() {
    let Some(mut lab) = Lab::new(&Setup::new(LISTING1, 2)) else { return };
    lab.start_all();
    check(&mut lab, include_str!("kill.txt"));
}

#[test]
fn options_of_a_join_mean_what_they_always_meant() {
    let Some(mut lab) = Lab::new(&Setup::new(LISTING1, 2)) else { return };
    check(&mut lab, include_str!("join-options.txt"));
}

#[test]
fn failure_of_one_of_two_reads_as_ever() {
    let Some(mut lab) = Lab::new(&Setup::new(LISTING1, 2)) else { return };
    lab.start_all();
    check(&mut lab, include_str!("failure-of-two.txt"));
}

#[test]
fn three_nodes_read_as_ever() {
    let Some(mut lab) = Lab::new(&Setup::new(THREE, 3)) else { return };
    check(&mut lab, include_str!("three-nodes.txt"));
}

#[test]
fn failures_of_three_nodes_read_as_ever() {
    let Some(mut lab) = Lab::new(&Setup::new(THREE, 3)) else { return };
    lab.start_all();
    check(&mut lab, include_str!("failure-of-three.txt"));
}

#[test]
fn votes_of_two_nodes_are_set_as_ever() {
    let Some(mut lab) = Lab::new(&Setup::new(LISTING1, 2)) else { return };
    lab.start_all();
    check(&mut lab, include_str!("votes-of-two.txt"));
}

#[test]
fn votes_of_three_nodes_are_set_as_ever() {
    let Some(mut lab) = Lab::new(&Setup::new(THREE, 3)) else { return };
    lab.start_all();
    check(&mut lab, include_str!("votes-of-three.txt"));
}

#[test]
fn new_versions_read_as_ever_but_where_it_is_said() {
    let Some(mut lab) = Lab::new(&Setup::new(LISTING1, 2)) else { return };
    lab.start_all();
    check(&mut lab, include_str!("new-version.txt"));
}

#[test]
fn what_would_happen_is_told_and_does_not() {
    let Some(mut lab) = Lab::new(&Setup::new(THREE, 3)) else { return };
    lab.start_all();
    check(&mut lab, include_str!("what-if.txt"));
}

#[test]
fn objects_read_as_ever() {
    let Some(mut lab) = Lab::new(&Setup::new(LISTING1, 2)) else { return };
    lab.start_all();
    check(&mut lab, include_str!("objctl.txt"));
}

#[test]
fn every_word_reads_as_it_is_written() {
    let Some(mut lab) = Lab::new(&Setup::new(LISTING1, 2)) else { return };
    check(&mut lab, include_str!("every-word.txt"));
}
