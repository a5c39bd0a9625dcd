use super::*;

fn of(numbers: &[u64]) -> u64 {
    let mut digest = Digest::default();
    numbers.iter().for_each(|&number| digest.add(number));
    digest.value()
}

#[test]
fn order_and_length_matter_and_nothing_is_zero() {
    assert_ne!(of(&[1, 2]), of(&[2, 1]));
    assert_ne!(of(&[1]), of(&[1, 0]));
    assert_ne!(of(&[]), 0);
    assert_eq!(of(&[7, 8]), of(&[7, 8]));
}
