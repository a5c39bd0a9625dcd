use super::*;

#[test]
fn the_clock_grows_even_where_the_machines_stands_still() {
    let mut clock = Clock { last: 0, read: || 7 };
    let read: Vec<u64> = (0..3).map(|_| clock.now().as_nanos()).collect();
    assert_eq!(read, [7, 8, 9]);
}

#[test]
fn the_clock_of_the_machine_grows() {
    let mut clock = Clock::new();
    let times: Vec<Instant> = (0..1000).map(|_| clock.now()).collect();
    assert!(times.is_sorted_by(|earlier, later| earlier < later));
}

#[test]
fn the_wall_clock_is_found_again_from_an_instant() {
    let mut clock = Clock::new();
    let now = clock.now();
    let wall_then = clock.wall_at_origin() + Duration::from_nanos(now.as_nanos());
    let off = wall().abs_diff(wall_then);
    assert!(off < Duration::from_secs(1), "{off:?}");
}
