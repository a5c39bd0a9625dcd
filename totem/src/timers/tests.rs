use core::time::Duration;

use super::*;

const T0: Instant = Instant::from_nanos(1_000);

#[test]
fn earliest_first_and_ties_in_fixed_order() {
    let mut timers = Timers::default();
    timers.arm(Timer::Leave, T0);
    timers.arm(Timer::TokenLoss, T0);
    timers.arm(Timer::Join, T0 + Duration::from_nanos(5));
    assert_eq!(timers.next(), Some(Deadline { at: T0, why: Timer::TokenLoss }));
    assert_eq!(timers.expire(T0), Some(Timer::TokenLoss));
    assert_eq!(timers.expire(T0), Some(Timer::Leave));
    assert_eq!(timers.expire(T0), None);
    assert_eq!(timers.expire(T0 + Duration::from_secs(1)), Some(Timer::Join));
    assert_eq!(timers.next(), None);
}

#[test]
fn a_new_phase_forgets_the_timers_of_the_old_one() {
    let mut timers = Timers::default();
    for timer in Timer::ALL {
        timers.arm(timer, T0);
    }
    timers.enter_phase();
    assert!(timers.is_armed(Timer::Probe) && timers.is_armed(Timer::Leave));
    assert_eq!(Timer::ALL.into_iter().filter(|&timer| timers.is_armed(timer)).count(), 2);
}
