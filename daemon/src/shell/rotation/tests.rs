use totem::NodeId;
use totem::seal::{ClusterKey, Seal};

use super::*;

#[test]
fn members_are_greeted_while_an_old_key_is_held_and_no_longer() {
    let key = |secret: &[u8]| ClusterKey::new(secret).expect("not empty");
    let me = NodeId::new(1).expect("not zero");
    let mut seal = Seal::new(key(b"one"), 7, me, 1);
    let mut rotation = Rotation::default();
    let at = |millis| Instant::ORIGIN + Duration::from_millis(millis);
    assert!(!rotation.greets(at(0), seal.keys()));
    seal.follow(&key(b"one"), Some(key(b"two"))).expect("a next key");
    assert!(!rotation.greets(at(1), seal.keys()));
    assert_eq!(rotation.deadline(), None);
    seal.follow(&key(b"two"), None).expect("the next key");
    assert!(rotation.greets(at(2), seal.keys()));
    assert!(!rotation.greets(at(3), seal.keys()));
    assert_eq!(rotation.deadline(), Some(at(1002)));
    assert!(rotation.greets(at(1002), seal.keys()));
    seal.retire(&[me].into());
    assert!(!rotation.greets(at(5000), seal.keys()));
    assert_eq!(rotation.deadline(), None);
}
