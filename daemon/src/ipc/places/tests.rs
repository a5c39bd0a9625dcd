use super::*;

#[test]
fn those_who_may_only_look_never_take_every_place() {
    let places = Places::new(4);
    let looking: Vec<_> = (0..3).map(|_| places.take(false)).collect();
    assert_eq!(looking.iter().filter(|place| place.is_some()).count(), 2);
    let acting: Vec<_> = (0..3).map(|_| places.take(true)).collect();
    assert_eq!(acting.iter().filter(|place| place.is_some()).count(), 2);
    drop(looking);
    assert!(places.take(true).is_some());
}

#[test]
fn there_are_as_many_places_as_descriptors_and_memory_permit() {
    let gib = 1 << 30;
    assert_eq!(most(1024, 64 * gib), 896);
    assert_eq!(most(20_000, 64 * gib), MOST);
    assert!(most(20_000, 4 * gib) >= 5000, "a small host has room for thousands");
    assert_eq!(most(20_000, gib), 2048);
    assert_eq!(most(20_000, 0), FEWEST);
    assert_eq!(most(10, gib), 1, "a place too many is refused by the system, and told");
}

#[test]
fn the_descriptors_that_may_be_had_are_taken() {
    let (soft, hard) = {
        let raised = raise();
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        assert_eq!(raised, soft);
        (soft, hard)
    };
    assert!(soft >= hard.min(MOST + OWN), "{soft} of {hard}");
    let places = u64::try_from(possible()).unwrap();
    assert!(places >= 1 && places <= soft, "{places} places, {soft} descriptors");
}
