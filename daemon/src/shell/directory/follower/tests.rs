use core::time::Duration;

use confdb::replica::Digest;

use super::*;

const EVERY: Duration = Duration::from_secs(7);

fn edition(version: u64) -> Edition {
    Edition { version, digest: Digest::of(version.to_string().as_bytes()) }
}

fn follower(on: bool) -> Follower {
    Follower::new(Following { on, every: EVERY }, None)
}

fn texts(line: Option<Line>) -> Option<String> {
    line.map(|line| line.text)
}

#[test]
fn one_node_asks_where_it_is_wanted_and_nobody_elsewhere() {
    assert_eq!((follower(true).asks(true), follower(true).asks(false)), (true, false));
    assert_eq!(follower(true).pace(), Some(EVERY));
    assert_eq!((follower(false).asks(true), follower(false).pace()), (false, None));
}

#[test]
fn a_newer_version_is_proposed_by_who_speaks_where_that_is_wanted() {
    let propose = |on, speaks| follower(on).found(edition(6), edition(5), speaks).propose;
    assert!(propose(true, true));
    assert!(!propose(true, false));
    assert!(!propose(false, true));
    let mut unwatched = follower(false);
    let said = texts(unwatched.found(edition(6), edition(5), true).line).expect("it is told");
    assert!(said.contains("version 6") && said.contains("cman_tool version -r"), "{said}");
}

#[test]
fn what_is_not_newer_is_never_proposed() {
    let mut follower = follower(true);
    assert_eq!(follower.found(edition(5), edition(5), true), Verdict::default());
    let older = follower.found(edition(4), edition(5), true);
    assert!(!older.propose && older.line.is_some());
    assert_eq!(follower.found(edition(4), edition(5), true), Verdict::default(), "said once");
    let other = Edition { digest: Digest::of(b"other"), ..edition(5) };
    let other = follower.found(other, edition(5), true);
    assert!(!other.propose && other.line.is_some());
}

#[test]
fn a_silent_directory_is_told_of_once_and_so_is_its_return() {
    let mut follower = follower(true);
    let said = texts(follower.failed("a: refused\nb: silent", false));
    assert_eq!(
        said.as_deref(),
        Some("the directory gives no configuration: a: refused; b: silent")
    );
    for _ in 0..3 {
        assert_eq!(follower.failed("a: refused\nb: silent", false), None);
    }
    assert!(follower.failed("a: wrong password", false).is_some(), "another kind");
    let back = texts(follower.found(edition(5), edition(5), true).line).expect("it is told");
    assert!(back.contains("answers"), "{back}");
    assert_eq!(follower.found(edition(5), edition(5), true), Verdict::default());
    assert!(follower.failed("a: wrong password", false).is_some(), "anew");
}

#[test]
fn a_node_with_a_copy_asks_until_the_directory_has_what_it_goes_by() {
    let following = Following { on: false, every: EVERY };
    let mut follower = Follower::new(following, Some("nobody answers".to_owned()));
    assert_eq!((follower.asks(false), follower.pace()), (true, Some(EVERY)));
    follower.found(edition(4), edition(5), false);
    assert_eq!(follower.copy(), Some("nobody answers"), "an old one is no answer");
    let back = follower.found(edition(5), edition(5), false);
    assert!(texts(back.line).expect("it is told").contains("answers"));
    assert_eq!((follower.copy(), follower.asks(false), follower.pace()), (None, false, None));
}

#[test]
fn what_was_refused_is_proposed_again_after_longer_and_longer_pauses() {
    let mut follower = follower(true);
    let mut proposed = Vec::new();
    for look in 0..1000 {
        if follower.found(edition(6), edition(5), true).propose {
            proposed.push(look);
            let line = follower.refused(edition(6), "node 2 refuses: no room");
            assert_eq!(line.is_some(), look == 0, "told once");
        }
    }
    let expected = vec![0, 1, 3, 7, 15, 31, 63, 127, 255, 383, 511, 639, 767, 895];
    assert_eq!(proposed, expected);
    assert!(follower.found(edition(7), edition(5), true).propose, "another text at once");
    follower.taken();
    assert_eq!(follower.found(edition(7), edition(7), true), Verdict::default());
}

#[test]
fn who_cannot_reach_the_directory_lets_another_look_and_goes_on_trying() {
    let mut follower = follower(true);
    for _ in 1..MOST_MISSED {
        follower.failed("a: refused", false);
    }
    assert_eq!((follower.sees(), follower.asks(false)), (true, false));
    follower.failed("a: no votes", true);
    follower.failed("a: refused", false);
    assert!(follower.sees(), "it was reached in between, though what it has is wrong");
    for _ in 1..MOST_MISSED {
        follower.failed("a: refused", false);
    }
    assert_eq!((follower.sees(), follower.asks(false)), (false, true));
    follower.found(edition(5), edition(5), false);
    assert_eq!((follower.sees(), follower.asks(false)), (true, false));
}
