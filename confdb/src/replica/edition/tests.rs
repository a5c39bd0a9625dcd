use super::*;

fn edition(version: u64, content: &str) -> Edition {
    Edition { version, digest: Digest::of(content.as_bytes()) }
}

/// Nodes by id; those with a star are established.
fn ring(nodes: &[(u32, u64, &str, bool)]) -> BTreeMap<u32, Holding> {
    let holding = |&(id, version, content, established): &(u32, u64, &str, bool)| {
        let edition = edition(version, content);
        (id, Holding { edition, established, accepted: Vec::new(), mark: 0 })
    };
    nodes.iter().map(holding).collect()
}

#[test]
fn blanks_and_comments_do_not_count_and_values_do() {
    let digest = |text: &str| Digest::of(text.as_bytes());
    let one = digest("<cluster name=\"a\" config_version=\"1\"><cman/></cluster>");
    let same = digest("<cluster  name='a'\n config_version=\"1\"><!-- x -->\n<cman/></cluster>\n");
    let other = digest("<cluster name=\"b\" config_version=\"1\"><cman/></cluster>");
    assert_eq!(one, same);
    assert_ne!(one, other);
    assert_ne!(digest("no xml"), digest("no  xml"));
}

#[test]
fn nobody_goes_by_nothing() {
    assert_eq!(target(&BTreeMap::new()), None);
}

#[test]
fn at_a_cold_start_the_highest_version_is_right() {
    let ring = ring(&[(1, 4, "a", false), (2, 6, "b", false), (3, 5, "c", false)]);
    assert_eq!(target(&ring), Some(edition(6, "b")));
}

#[test]
fn the_established_go_before_a_newer_newcomer() {
    let ring = ring(&[(1, 5, "a", true), (2, 5, "a", true), (3, 6, "b", false)]);
    assert_eq!(target(&ring), Some(edition(5, "a")));
}

#[test]
fn among_the_established_the_highest_version_is_right() {
    let ring = ring(&[(1, 5, "a", true), (2, 5, "a", true), (3, 6, "b", true)]);
    assert_eq!(target(&ring), Some(edition(6, "b")));
}

#[test]
fn of_one_version_what_most_hold_is_right_then_what_the_first_holds() {
    let three = ring(&[(1, 5, "a", false), (2, 5, "b", false), (3, 5, "b", false)]);
    assert_eq!(target(&three), Some(edition(5, "b")));
    let two = ring(&[(1, 5, "a", false), (2, 5, "b", false)]);
    assert_eq!(target(&two), Some(edition(5, "a")));
}

#[test]
fn what_one_of_them_accepted_and_another_holds_was_decided() {
    let mut ring = ring(&[(1, 5, "a", true), (2, 5, "a", true), (3, 6, "b", false)]);
    ring.get_mut(&2).expect("it is there").accept(edition(6, "b"));
    assert_eq!(target(&ring), Some(edition(6, "b")));
    // Accepted, but nobody on this ring has it: nothing to go by.
    ring.remove(&3);
    assert_eq!(target(&ring), Some(edition(5, "a")));
}

#[test]
fn places_follow_from_version_and_content() {
    let target = edition(5, "a");
    let place = |version, content| Place::of(&edition(version, content), &target);
    assert_eq!(place(5, "a"), Place::Current);
    assert_eq!(place(4, "a"), Place::Behind);
    assert_eq!(place(6, "a"), Place::Ahead);
    assert_eq!(place(5, "b"), Place::Apart);
}

#[test]
fn only_the_newest_accepted_are_remembered_and_only_what_is_newer_matters() {
    let mut holding =
        Holding { edition: edition(1, "a"), established: false, accepted: Vec::new(), mark: 0 };
    for version in (2..=12).rev() {
        holding.accept(edition(version, "b"));
        holding.accept(edition(version, "b"));
    }
    let versions = |holding: &Holding| -> Vec<u64> {
        holding.accepted.iter().map(|accepted| accepted.version).collect()
    };
    assert_eq!(versions(&holding), [5, 6, 7, 8, 9, 10, 11, 12]);
    holding.go_by(edition(10, "c"), 7);
    assert_eq!(holding.mark, 7);
    assert_eq!(versions(&holding), [11, 12]);
}
