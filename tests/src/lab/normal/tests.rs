use super::normal;

#[test]
fn what_differs_between_runs_is_made_the_same() {
    let one = "   1   M      4   2026-11-20 10:34:42  iscsi1\n   2   X     56                        iscsi2\n";
    let two = "   1   M    128   2031-01-02 23:59:59  iscsi1\n   2   X      4                        iscsi2\n";
    assert_eq!(normal(one), normal(two));
    assert_eq!(normal("(exit 0, 2.0s)"), normal("(exit 0, 0.1s)"));
    assert_eq!(normal("Cluster Generation: 8$"), normal("Cluster Generation: 128$"));
}

#[test]
fn nothing_else_is_made_the_same() {
    for (one, two) in [
        (
            "   1   M      4   2026-11-20 10:34:42  iscsi1",
            "   1   X      4   2026-11-20 10:34:42  iscsi1",
        ),
        (
            "   1   M      4   2026-11-20 10:34:42  iscsi1",
            "   1   M      0   2026-11-20 10:34:42  iscsi1",
        ),
        (
            "   1   M      4   2026-11-20 10:34:42  iscsi1",
            "   1   M     4   2026-11-20 10:34:42  iscsi1",
        ),
        (
            "   1   M      4   2026-11-20 10:34:42  iscsi1",
            "   1   M      4   2026-11-20 1:34:42  iscsi1",
        ),
        ("Nodes: 2", "Nodes: 3"),
        ("Quorum: 1  ", "Quorum: 1"),
        ("(exit 0, 2.0s)", "(exit 2, 2.0s)"),
        ("1 M iscsi1 ", "2 M iscsi1 "),
    ] {
        assert_ne!(normal(one), normal(two), "{one} and {two}");
    }
}
