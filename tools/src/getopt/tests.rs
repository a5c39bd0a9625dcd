use proptest::prelude::*;

use super::*;

const GRAMMAR: Grammar =
    Grammar { letters: "an:d::q", names: &[("json", Takes::Nothing), ("socket", Takes::Value)] };

fn scan(words: &[&str]) -> Result<(Vec<Found>, Vec<String>), String> {
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    let mut scanner = Scanner::new(GRAMMAR, &words);
    let mut found = Vec::new();
    while let Some(option) = scanner.next()? {
        found.push(option);
    }
    Ok((found, scanner.operands().into_iter().map(str::to_owned).collect()))
}

fn short(letter: char, argument: Option<&str>) -> Found {
    Found::Short(letter, argument.map(str::to_owned))
}

#[test]
fn options_may_stand_before_between_and_after_words() {
    let (found, operands) = scan(&["-a", "nodes", "-n", "x", "more", "-q"]).unwrap();
    assert_eq!(found, [short('a', None), short('n', Some("x")), short('q', None)]);
    assert_eq!(operands, ["nodes", "more"]);
}

#[test]
fn letters_may_share_a_word_and_the_last_may_take_the_rest() {
    let (found, _) = scan(&["-aqnname"]).unwrap();
    assert_eq!(found, [short('a', None), short('q', None), short('n', Some("name"))]);
}

#[test]
fn optional_argument_must_be_attached() {
    let (found, operands) = scan(&["-d255", "-d", "7"]).unwrap();
    assert_eq!(found, [short('d', Some("255")), short('d', None)]);
    assert_eq!(operands, ["7"]);
}

#[test]
fn value_may_look_like_an_option() {
    let (found, _) = scan(&["-n", "-a"]).unwrap();
    assert_eq!(found, [short('n', Some("-a"))]);
}

#[test]
fn two_dashes_end_the_options_and_one_dash_is_a_word() {
    let (found, operands) = scan(&["-", "--", "-a", "--json"]).unwrap();
    assert_eq!(found, []);
    assert_eq!(operands, ["-", "-a", "--json"]);
}

#[test]
fn long_options_take_values_in_both_ways() {
    let long = |name, value: Option<&str>| Found::Long(name, value.map(str::to_owned));
    let (found, _) = scan(&["--socket=/a", "--socket", "/b", "--json"]).unwrap();
    assert_eq!(found, [long("socket", Some("/a")), long("socket", Some("/b")), long("json", None)]);
}

#[test]
fn errors_are_those_of_the_c_library() {
    assert_eq!(scan(&["-Z"]).unwrap_err(), "invalid option -- 'Z'");
    assert_eq!(scan(&["-a:"]).unwrap_err(), "invalid option -- ':'");
    assert_eq!(scan(&["-n"]).unwrap_err(), "option requires an argument -- 'n'");
    assert_eq!(scan(&["--bogus"]).unwrap_err(), "unrecognized option '--bogus'");
    assert_eq!(scan(&["--socket"]).unwrap_err(), "option '--socket' requires an argument");
    assert_eq!(scan(&["--json=1"]).unwrap_err(), "option '--json' doesn't allow an argument");
}

proptest! {
    #[test]
    fn any_words_end_in_options_or_one_error(words in prop::collection::vec(".{0,8}", 0..8)) {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let _ = scan(&words);
    }
}
