use super::*;

const SESSION: &str = "\
### kill -9 iscsi2

### a remark

### kill -9 iscsi1 and at once

[iscsi1]# cman_tool nodes
Node
(exit 0, 0.0s)
";

#[test]
fn commands_and_kills_are_steps_and_nothing_else_is() {
    let found: Vec<Step<'_>> = steps(SESSION).collect();
    assert_eq!(
        found,
        [
            Step::Kill { host: "iscsi2", line: "### kill -9 iscsi2" },
            Step::Kill { host: "iscsi1", line: "### kill -9 iscsi1 and at once" },
            Step::Run { host: "iscsi1", command: "cman_tool nodes" },
        ]
    );
}

#[test]
fn remarks_are_not_compared() {
    assert_eq!(without_remarks(SESSION), SESSION.replace("### a remark\n\n", ""));
}

#[test]
fn complaints_stand_after_what_was_printed() {
    let ran = Ran { code: Some(1), stdout: "out\n".to_owned(), stderr: "no\n".to_owned() };
    assert_eq!(printed(&ran), "out\n2> no\n(exit 1, 0.0s)\n");
    let ran = Ran { code: Some(0), stdout: "out".to_owned(), stderr: String::new() };
    assert_ne!(printed(&ran), "out\n(exit 0, 0.0s)\n", "a missing line end shows");
}
