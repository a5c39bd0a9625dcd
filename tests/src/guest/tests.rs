use totem::{NodeId, NodeSet, RingSeq};

use super::*;

fn notice(seq: u64) -> Notice {
    let representative = NodeId::new(1).expect("not zero");
    Notice::Membership {
        ring: RingId { seq: RingSeq::new(seq), representative },
        members: NodeSet::from([representative]),
        joined: NodeSet::new(),
        left: NodeSet::new(),
    }
}

#[test]
fn guest_that_is_told_the_same_in_the_same_order_is_content() {
    let mut guest = Guest::default();
    guest.expect(&notice(4));
    let session = guest.come(None);
    guest.expect(&notice(8));
    guest.expect(&notice(12));
    assert_eq!(guest.told(session, &notice(8)), Ok(()));
    assert!(guest.check().is_err(), "one is missing");
    assert!(guest.told(session, &notice(16)).is_err(), "another is expected");
}

#[test]
fn guest_that_is_gone_must_not_be_told_anything() {
    let mut guest = Guest::default();
    let session = guest.come(None);
    guest.expect(&notice(8));
    assert_eq!(guest.go(), Some(session));
    assert_eq!(guest.check(), Ok(()));
    assert!(guest.told(session, &notice(8)).is_err());
    assert_ne!(guest.come(None), session);
}

#[test]
fn guest_is_welcomed_with_the_ring_in_use() {
    let mut guest = Guest::default();
    let representative = NodeId::new(1).expect("not zero");
    let session = guest.come(Some(RingId { seq: RingSeq::new(4), representative }));
    assert!(guest.check().is_err());
    assert!(guest.told(session, &notice(4)).is_err(), "no configuration");
}
