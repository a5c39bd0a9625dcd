//! How soon the others know, and that all find together again.

use std::time::{Duration, Instant};

use tests::lab::{Lab, Setup, Watch};

use super::{THREE, figure};

fn three(setup: &Setup) -> Option<Lab> {
    let mut lab = Lab::new(setup)?;
    lab.start_all();
    Some(lab)
}

/// How long it took until the first two hosts were told that the third is gone.
fn noticed(watches: &mut [Watch], lost: Instant) -> Vec<Duration> {
    watches.iter_mut().map(|watch| watch.lost(2).saturating_duration_since(lost)).collect()
}

fn within(what: &str, times: &[Duration], bound: Duration, lab: &Lab) {
    figure(what, times);
    let logs = || -> String { (0..lab.len()).map(|host| lab.log(host)).collect() };
    assert!(
        times.iter().all(|time| *time < bound),
        "{what}: {times:?}, bound {bound:?}\n{}",
        logs()
    );
}

#[test]
fn a_killed_daemon_is_missed_within_half_a_second_and_may_come_back() {
    let Some(mut lab) = three(&Setup::new(THREE, 3)) else { return };
    let mut watches = [0, 1].map(|host| lab.watch(host));
    let killed = lab.kill(2);
    let times = noticed(&mut watches, killed);
    within("kill -9 of one of three", &times, Duration::from_millis(500), &lab);
    lab.agree(&[0, 1]);
    let started = Instant::now();
    lab.start(2, &[]);
    let back = watches.each_mut().map(|watch| watch.members(&[0, 1, 2]).duration_since(started));
    figure("back after a kill, from its start", &back);
    lab.agree(&[0, 1, 2]);
}

#[test]
fn a_daemon_that_leaves_is_gone_within_a_tenth_of_a_second() {
    let Some(mut lab) = three(&Setup::new(THREE, 3)) else { return };
    let mut watches = [0, 1].map(|host| lab.watch(host));
    let asked = lab.terminate(2);
    let times = noticed(&mut watches, asked);
    let status = lab.ended(2);
    assert!(status.success(), "{status}\n{}", lab.log(2));
    within("SIGTERM of one of three", &times, Duration::from_millis(100), &lab);
    assert!(!lab.home(2).socket().exists(), "the socket goes with its daemon");
}

#[test]
fn a_cut_link_is_noticed_within_the_token_timeout_and_a_healed_one_mends_the_ring() {
    let Some(lab) = three(&Setup::new(THREE, 3).token(1000)) else { return };
    let mut watches = [0, 1].map(|host| lab.watch(host));
    let cut = lab.cut(2);
    let times = noticed(&mut watches, cut);
    within("cut link, token 1000 ms", &times, Duration::from_millis(1500), &lab);
    let healed = lab.heal(2);
    let back = watches.each_mut().map(|watch| watch.members(&[0, 1, 2]).duration_since(healed));
    figure("healed link, token 1000 ms", &back);
    lab.agree(&[0, 1, 2]);
}

#[test]
fn a_cut_link_is_noticed_within_the_default_token_timeout() {
    let Some(lab) = three(&Setup::new(THREE, 3)) else { return };
    let mut watches = [0, 1].map(|host| lab.watch(host));
    let cut = lab.cut(2);
    let times = noticed(&mut watches, cut);
    within("cut link, token 10000 ms", &times, Duration::from_millis(10_500), &lab);
}

#[test]
fn the_daemon_with_the_lowest_id_is_missed_like_any_other() {
    let Some(mut lab) = three(&Setup::new(THREE, 3)) else { return };
    let mut watches = [1, 2].map(|host| lab.watch(host));
    let killed = lab.kill(0);
    let times = watches.each_mut().map(|watch| watch.lost(0).duration_since(killed));
    within("kill -9 of the representative", &times, Duration::from_millis(500), &lab);
}

/// Evidence is scarce then: after a few answers for a closed port a kernel gives one per second.
#[test]
fn a_daemon_that_crashes_twice_in_a_row_is_missed_within_the_token_timeout() {
    let Some(mut lab) = three(&Setup::new(THREE, 3)) else { return };
    for _ in 0..2 {
        let mut watches = [0, 1].map(|host| lab.watch(host));
        let killed = lab.kill(2);
        let times = noticed(&mut watches, killed);
        within("kill -9, back, and at once again", &times, Duration::from_millis(10_500), &lab);
        lab.agree(&[0, 1]);
        lab.start(2, &[]);
        lab.agree(&[0, 1, 2]);
    }
}

#[test]
fn an_idle_daemon_occupies_little_memory() {
    let Some(lab) = three(&Setup::new(THREE, 3)) else { return };
    for host in 0..lab.len() {
        let resident = lab.resident(host);
        assert!(resident < 25 << 20, "{resident} bytes");
    }
}

#[test]
fn jumbo_frames_and_small_ones_carry_a_ring() {
    for mtu in [1280, 9000] {
        let setup = Setup { mtu, ..Setup::new(THREE, 3) };
        let Some(_lab) = three(&setup) else { return };
    }
}
