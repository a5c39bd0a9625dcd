use super::{replay, words};

#[test]
fn quoted_words_keep_their_spaces_and_comments_go() {
    let expected = Ok(vec!["say".into(), "1".into(), "\"a b\"".into()]);
    assert_eq!(words("say 1 \"a b\" # hello"), expected);
    assert!(words("say 1 \"a").is_err());
    assert_eq!(words("# nothing"), Ok(Vec::new()));
}

#[test]
fn a_line_that_is_not_understood_is_named() {
    let error = replay("nodes 1 2\nfly 1\n").expect_err("nodes cannot fly");
    assert!(error.starts_with("line 2: fly 1"), "{error}");
    let error = replay("nodes 1 2\nrun 1s\nset token 1s\n").expect_err("too late");
    assert!(error.starts_with("line 3"), "{error}");
    assert!(replay("nodes 1 0\n").is_err());
    assert!(replay("nodes 1\ncrash 2\n").is_err());
    assert!(replay("# empty\n").is_err());
}
