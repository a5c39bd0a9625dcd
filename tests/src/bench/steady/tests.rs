use super::*;

#[test]
fn every_path_has_a_figure_and_no_figure_is_left_over() {
    for work in WORKS {
        assert!(known(KNOWN, work.name).is_some_and(|count| count > 0), "{}", work.name);
        assert_eq!(Work::named(work.name), Some(work));
    }
    assert_eq!(KNOWN.lines().count(), WORKS.len());
}

#[test]
fn a_figure_is_found_by_its_whole_name() {
    let text = "a-3x64 12\na-3x640 34\n";
    assert_eq!(known(text, "a-3x640"), Some(34));
    assert_eq!(known(text, "a-3x64"), Some(12));
    assert_eq!(known(text, "a-3x6"), None);
}

#[test]
fn what_callgrind_says_is_understood() {
    let said =
        "==7== Events    : Ir\n==7== Collected : 123456\n==7==\n==7== I   refs:      123,456\n";
    assert_eq!(collected(said), Some(123_456));
    assert_eq!(collected("valgrind: failed"), None);
}
