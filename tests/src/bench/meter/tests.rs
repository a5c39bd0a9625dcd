use super::*;

#[test]
fn a_name_with_brackets_does_not_confuse_the_reader() {
    let stat = "7 (a) b) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 1 0 100 0 0";
    assert_eq!(ticks(stat), Some(300));
    assert_eq!(ticks("nothing"), None);
}

#[test]
fn the_peak_of_memory_is_in_bytes() {
    assert_eq!(peak("Name:\tx\nVmHWM:\t    12 kB\nVmRSS:\t 8 kB\n"), Some(12 << 10));
    assert_eq!(peak("Name:\tx\n"), None);
}

#[test]
fn numbers_are_read_to_two_places() {
    assert_eq!(hundredths("1.5"), Some(150));
    assert_eq!(hundredths("12"), Some(1200));
    assert_eq!(hundredths("0.057"), Some(5));
    assert_eq!(hundredths("x"), None);
}

#[test]
fn this_process_uses_memory() {
    assert!(usage(&[std::process::id()]).resident > 0);
}

#[test]
fn packets_of_both_ways_are_counted() {
    let devices = "Inter-|   Receive\n face |bytes\n    lo: 1 2 0 0 0 0 0 0 3 4 0 0 0 0 0 0\n  \
                   eth0: 100 20 0 0 0 0 0 0 300 4 0 0 0 0 0 0\n";
    assert_eq!(packets(devices), Some(24));
    assert_eq!(packets(""), None);
    assert!(activity(std::process::id()).nanos > 0);
}
