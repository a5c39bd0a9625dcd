use std::time::Duration;

use super::super::clock::Clock;
use super::*;

/// Waits until the alarm says that it is time.
async fn wait(alarm: &mut Alarm, clock: &mut Clock) -> Instant {
    loop {
        alarm.due().await;
        let now = clock.now();
        if alarm.is_due(now) {
            return now;
        }
    }
}

#[tokio::test]
async fn an_alarm_comes_at_its_time_however_it_was_moved() {
    let mut clock = Clock::new();
    let mut alarm = Alarm::new().expect("the kernel has timers");
    let start = clock.now();
    for millis in [3, 20, 5] {
        alarm.set(Some(start + Duration::from_millis(millis)));
        assert!(!alarm.is_due(start));
    }
    assert!(wait(&mut alarm, &mut clock).await >= start + Duration::from_millis(5));
    assert_eq!(alarm.left(start), Some(Duration::from_millis(5)));
    alarm.set(Some(start));
    assert_eq!(alarm.left(clock.now()), Some(Duration::ZERO));
    wait(&mut alarm, &mut clock).await;
}

#[tokio::test]
async fn an_alarm_that_was_moved_away_does_not_ring_early() {
    let mut clock = Clock::new();
    let mut alarm = Alarm::new().expect("the kernel has timers");
    let start = clock.now();
    alarm.set(Some(start + Duration::from_millis(2)));
    // Armed, then abandoned: as when a packet wins the race in the loop.
    let _ = tokio::time::timeout(Duration::ZERO, alarm.due()).await;
    let later = start + Duration::from_millis(10);
    alarm.set(Some(later));
    assert!(wait(&mut alarm, &mut clock).await >= later);
}

#[tokio::test]
async fn an_alarm_that_is_not_set_never_comes() {
    let mut alarm = Alarm::new().expect("the kernel has timers");
    alarm.set(None);
    assert_eq!(alarm.left(Clock::new().now()), None);
    let early = tokio::time::timeout(Duration::from_millis(5), alarm.due()).await;
    assert!(early.is_err());
}
