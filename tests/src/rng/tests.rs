use super::Rng;

#[test]
fn the_same_seed_gives_the_same_stream() {
    let (mut a, mut b) = (Rng::new(7), Rng::new(7));
    for _ in 0..100 {
        assert_eq!(a.draw(), b.draw());
    }
    assert_ne!(Rng::new(7).draw(), Rng::new(8).draw());
}

#[test]
fn numbers_stay_within_their_bounds_and_reach_both() {
    let mut rng = Rng::new(1);
    let drawn: Vec<u64> = (0..1000).map(|_| rng.between(3, 7)).collect();
    assert!(drawn.iter().all(|n| (3..=7).contains(n)));
    assert!(drawn.contains(&3) && drawn.contains(&7));
    assert_eq!(rng.between(9, 2), 9);
    assert!(rng.between(0, u64::MAX) > 0);
}

#[test]
fn chances_come_about_as_often_as_they_say() {
    let mut rng = Rng::new(2);
    let hits = (0..10_000).filter(|_| rng.chance(100_000)).count();
    assert!((800..1200).contains(&hits), "{hits} of 10000 at one in ten");
    assert!(!rng.chance(0));
    assert!(rng.chance(1_000_000));
}
