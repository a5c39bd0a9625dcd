use super::*;

fn problem(severity: Severity, line: Option<u32>) -> Problem {
    Problem {
        severity,
        source: "cluster.conf".to_owned(),
        line,
        column: line.map(|_| 5),
        path: "cluster.clusternodes.clusternode[2].votes".to_owned(),
        what: Fault::value("abc", "a number from 0 to 255").what,
        expected: None,
    }
}

#[test]
fn problem_names_file_line_path_and_value() {
    assert_eq!(
        problem(Severity::Error, Some(12)).to_string(),
        "cluster.conf:12: cluster.clusternodes.clusternode[2].votes: \
         \"abc\" is not a number from 0 to 255"
    );
}

#[test]
fn warning_says_so_and_a_source_without_lines_prints_none() {
    assert_eq!(
        problem(Severity::Warning, None).to_string(),
        "cluster.conf: warning: cluster.clusternodes.clusternode[2].votes: \
         \"abc\" is not a number from 0 to 255"
    );
}

#[test]
fn hostile_value_is_escaped_and_cut() {
    assert_eq!(quoted("a\n\u{1b}[31m"), "\"a\\n\\u{1b}[31m\"");
    let long = "x".repeat(1000);
    assert_eq!(quoted(&long).len(), LONGEST_QUOTE + 5);
}

#[test]
fn warnings_beyond_the_bound_are_counted_and_hide_no_error() {
    let mut problems = Problems::new("f");
    for _ in 0..MOST_PROBLEMS + 7 {
        problems.note(Severity::Warning, Spot::default(), Fault::new("w"));
    }
    assert!(!problems.has_errors());
    problems.note(
        Severity::Error,
        Spot::at(Place { line: 3, column: 1 }),
        Fault::new("the one that matters"),
    );
    assert!(problems.has_errors());
    let list = problems.finish();
    assert_eq!(list.len(), MOST_PROBLEMS + 2);
    assert_eq!(list[0].what, "the one that matters");
    assert_eq!(list.last().unwrap().what, "7 more warnings are not shown");
}
