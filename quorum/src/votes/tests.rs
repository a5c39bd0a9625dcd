use super::*;

#[test]
fn sums_do_not_wrap() {
    let most = Votes::new(u32::MAX);
    assert_eq!(Votes::sum([most, most, Votes::ONE]), 2 * u64::from(u32::MAX) + 1);
    assert_eq!(Votes::sum([]), 0);
}

#[test]
fn a_sum_too_large_to_show_is_shown_as_the_largest() {
    assert_eq!(Votes::saturated(7), Votes::new(7));
    assert_eq!(Votes::saturated(u64::from(u32::MAX) + 1), Votes::new(u32::MAX));
}
