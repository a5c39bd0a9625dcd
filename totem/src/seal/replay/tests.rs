use alloc::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

#[test]
fn the_window_ends_at_its_span() {
    let mut window = Window::starting_at(SPAN);
    assert!(!window.is_fresh(0), "too old to know");
    assert!(window.is_fresh(1) && !window.is_fresh(SPAN));
    window.mark(SPAN + 1);
    assert!(!window.is_fresh(1) && window.is_fresh(2));
}

#[test]
fn the_ends_of_the_number_space_are_ordinary() {
    let mut window = Window::starting_at(0);
    assert!(window.is_fresh(u64::MAX));
    window.mark(u64::MAX);
    assert!(!window.is_fresh(u64::MAX) && !window.is_fresh(0));
    assert!(window.is_fresh(u64::MAX - 1) && window.is_fresh(u64::MAX - SPAN + 1));
}

fn jump() -> impl Strategy<Value = i64> {
    prop_oneof![-200_i64..200, -10_000_i64..10_000, Just(8192), Just(8256), Just(64), Just(-8191)]
}

proptest! {
    #[test]
    fn the_bitmap_agrees_with_a_set(
        start in 0_u64..20_000,
        jumps in prop::collection::vec(jump(), 0..400),
    ) {
        let mut window = Window::starting_at(start);
        let mut seen = BTreeSet::from([start]);
        let mut highest = start;
        for jump in jumps {
            let counter = highest.saturating_add_signed(jump);
            let fresh = !seen.contains(&counter) && highest.saturating_sub(counter) < SPAN;
            prop_assert_eq!(window.is_fresh(counter), fresh, "{} of {}", counter, highest);
            if fresh {
                window.mark(counter);
                seen.insert(counter);
                highest = highest.max(counter);
            }
        }
        for counter in highest.saturating_sub(SPAN + 100)..=highest {
            let fresh = !seen.contains(&counter) && highest - counter < SPAN;
            prop_assert_eq!(window.is_fresh(counter), fresh, "{} of {}", counter, highest);
        }
    }
}
