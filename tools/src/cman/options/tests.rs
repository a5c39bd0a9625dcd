use super::*;

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

fn options(line: &str) -> Options {
    match parse(&words(line)) {
        Ok(Parsed::Run(options)) => options,
        other => panic!("{line}: {other:?}"),
    }
}

fn complaint(line: &str) -> String {
    match parse(&words(line)) {
        Err(failure) => {
            assert_eq!(failure.code(), 1);
            failure.to_string()
        }
        Ok(parsed) => panic!("{line}: {parsed:?}"),
    }
}

#[test]
fn options_mean_the_same_on_both_sides_of_the_operation() {
    for line in ["-w -q join -t 30", "join -wqt30", "-t 30 join -q -w"] {
        let options = options(line);
        assert_eq!(options.operation, Operation::Join);
        assert!(options.wait && options.quorate);
        assert_eq!(options.timeout, Some(30));
    }
    assert_eq!(options("-F id,bogus,name nodes").fields.as_deref(), Some("id,bogus,name"));
}

#[test]
fn leave_takes_remove_and_force_as_words() {
    let options = options("leave remove -w force");
    assert!(options.remove && options.force && options.wait);
}

#[test]
fn every_operation_is_found_by_its_word() {
    for operation in OPERATIONS {
        assert_eq!(options(operation.word()).operation, operation);
    }
}

#[test]
fn letters_of_older_releases_mean_nothing_and_stop_nobody() {
    assert_eq!(options("nodes -f -i"), options("nodes"));
    assert_eq!(complaint("nodes -o x"), "cman_tool: unknown option: o\n");
}

#[test]
fn debugging_is_a_number_and_bare_a_large_one() {
    assert_eq!(options("debug").debug, None);
    assert_eq!(options("debug -d").debug, Some(255));
    assert_eq!(options("debug -d0").debug, Some(0));
    assert_eq!(complaint("debug -d 255"), "cman_tool: unknown option 255\n");
    assert_eq!(complaint("debug -dx"), "cman_tool: argument to d (x) is not an integer\n");
}

#[test]
fn validation_is_by_the_first_letter() {
    for (words, unvalidated) in [
        ("join", false),
        ("join -Dfail", false),
        ("join -Dwarn", true),
        ("join -DN", true),
        ("join -D", true),
    ] {
        assert_eq!(options(words).unvalidated, unvalidated, "{words}");
    }
}

#[test]
fn letters_that_nobody_knows_point_to_the_usage() {
    assert_eq!(
        complaint("status -Z"),
        "cman_tool: invalid option -- 'Z'\nPlease use '-h' for usage.\n"
    );
    assert_eq!(
        complaint("nodes -n"),
        "cman_tool: option requires an argument -- 'n'\nPlease use '-h' for usage.\n"
    );
}

#[test]
fn words_are_complained_about_as_ever() {
    assert_eq!(complaint(""), "cman_tool: no operation specified\n");
    assert_eq!(complaint("-a"), "cman_tool: no operation specified\n");
    assert_eq!(complaint("bogus"), "cman_tool: unknown option bogus\n");
    assert_eq!(complaint("debug 255"), "cman_tool: unknown option 255\n");
    assert_eq!(complaint("join leave"), "cman_tool: can't specify two operations\n");
    let text = "cman_tool: expected_votes value (2) invalid in two node mode\n";
    assert_eq!(complaint("join -2 -e 2"), text);
    assert_eq!(complaint("join -e 2 -2"), text);
    assert_eq!(options("join -2 -e 1").number('e'), Some(1));
    assert_eq!(complaint("join -t 3"), "cman_tool: timeout is only appropriate with wait\n");
}

#[test]
fn numbers_are_complained_about_as_ever() {
    let port = "cman_tool: Port must be a number between 1 and 65535\n";
    assert_eq!(complaint("join -p 70000"), port);
    assert_eq!(complaint("join -p 0"), port);
    assert_eq!(complaint("join -m foo"), "cman_tool: argument to m (foo) is not an address\n");
    assert_eq!(complaint("join -N 4097"), "cman_tool: Node id must be between 1 and 4096\n");
    assert_eq!(complaint("expected -e abc"), "cman_tool: argument to e (abc) is not an integer\n");
    assert_eq!(complaint("wait -t -3"), "cman_tool: argument to t cannot be negative\n");
    assert_eq!(
        complaint("join -Dbogus"),
        "cman_tool: invalid option to -D, it should be 'force', 'warn' or 'none'\n"
    );
}

#[test]
fn number_beyond_all_bounds_is_an_error_and_no_panic() {
    let text = complaint("wait -t 99999999999");
    assert_eq!(text, "cman_tool: argument to t (99999999999) is not an integer\n");
}

#[test]
fn names_of_clusters_are_measured() {
    assert_eq!(
        complaint("join -X -c abcdefghijklmnop"),
        "cman_tool: maximum cluster name length is 15\n"
    );
}

#[test]
fn names_are_counted_and_measured() {
    let many = "nodes ".to_owned() + &"-n a ".repeat(11);
    assert_eq!(complaint(&many), "cman_tool: maximum of 10 node names allowed\n");
    let long = "nodes -n ".to_owned() + &"a".repeat(255);
    assert_eq!(complaint(&long), "cman_tool: maximum node name length is 254\n");
    assert_eq!(options("nodes -n a -n b").names, ["a", "b"]);
}

#[test]
fn usage_and_version_win_over_what_follows() {
    assert_eq!(parse(&words("-h -Z")), Ok(Parsed::Usage));
    assert_eq!(parse(&words("nodes -V bogus")), Ok(Parsed::Version));
}
