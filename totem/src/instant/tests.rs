use super::*;

#[test]
fn differences_saturate_instead_of_wrapping() {
    let early = Instant::from_nanos(5);
    let late = early + Duration::from_millis(3);
    assert_eq!(late.since(early), Duration::from_millis(3));
    assert_eq!(early.since(late), Duration::ZERO);
    assert_eq!(early - Duration::from_secs(1), Instant::ORIGIN);
    assert_eq!(Instant::from_nanos(u64::MAX) + Duration::MAX, Instant::from_nanos(u64::MAX));
}
