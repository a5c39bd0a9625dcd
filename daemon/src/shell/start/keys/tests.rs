use std::path::PathBuf;

use super::*;

fn secret(letter: u8) -> ClusterKey {
    ClusterKey::new(&[letter; 128]).expect("not empty")
}

fn keys(current: u8, next: Option<u8>) -> Keys {
    let name = |letter: u8| format!("key file /{}", char::from(letter));
    Keys {
        current: secret(current),
        next: next.map(secret),
        from: (name(current), next.map(name).unwrap_or_default()),
    }
}

fn node() -> NodeId {
    NodeId::new(1).expect("not zero")
}

#[test]
fn both_keys_are_read_and_the_one_that_cannot_be_is_named() {
    let dir = std::env::temp_dir().join(format!("clusterd-keys-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let write = |name: &str, bytes: &[u8]| -> PathBuf {
        let path = dir.join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let (one, two) = (write("one", &[b'a'; 128]), write("two", &[b'b'; 128]));
    let short = write("short", b"abc");
    let one = KeySource::File(one);
    let read = Keys::read(&one, Some(&two)).unwrap();
    assert_eq!((read.current, read.next), (secret(b'a'), Some(secret(b'b'))));
    let why = Keys::read(&one, Some(&short)).unwrap_err().to_string();
    assert_eq!(why, format!("key file {}: 3 bytes, at least 128 are needed", short.display()));
    std::fs::remove_dir_all(dir).unwrap();
}

#[test]
fn running_node_takes_the_two_steps_and_refuses_shortcuts_by_name() {
    let mut seal = keys(b'a', None).seal(7, node(), 1).unwrap();
    let refused = |seal: &Seal, keys: &Keys| keys.fits(seal.keys()).unwrap_err();
    assert_eq!(
        refused(&seal, &keys(b'b', None)),
        "key file /b: it is neither the key in use nor the next one; name it as the next one first"
    );
    assert_eq!(refused(&seal, &keys(b'a', Some(b'a'))), "key file /a: it is the key in use");
    let both = keys(b'a', Some(b'b'));
    both.fits(seal.keys()).unwrap();
    seal.follow(&both.current, both.next).unwrap();
    assert_eq!(keys(b'b', None).fits(seal.keys()), Ok(()));
    assert!(refused(&seal, &keys(b'b', Some(b'c'))).starts_with("key file /c: some nodes may"));
    // A node that starts between the steps understands both.
    let started = keys(b'a', Some(b'b')).seal(7, node(), 2).unwrap();
    assert_eq!(started.keys().next(), Some(&secret(b'b')));
}

#[test]
fn nodes_with_other_keys_are_told_apart_and_places_are_not_mixed_up() {
    let all = [
        keys(b'a', None),
        keys(b'b', None),
        keys(b'a', Some(b'b')),
        keys(b'a', Some(b'c')),
        keys(b'b', Some(b'a')),
        keys(b'a', Some(b'a')),
    ];
    let marks: std::collections::BTreeSet<u64> = all.iter().map(|keys| keys.mark(7, 5)).collect();
    assert_eq!(marks.len(), all.len());
    assert_eq!(keys(b'a', Some(b'b')).mark(7, 5), all[2].mark(7, 5));
    assert_ne!(all[2].mark(7, 5), all[2].mark(7, 6), "of one version");
}
