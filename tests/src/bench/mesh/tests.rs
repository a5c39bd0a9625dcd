use super::*;

#[test]
fn every_ring_in_memory_delivers() {
    for sealed in [false, true] {
        for size in [64, 10_000] {
            let speed = run(3, size, sealed, Duration::from_millis(20));
            assert!(speed.messages > 0, "{size} bytes, sealed: {sealed}");
        }
    }
}
