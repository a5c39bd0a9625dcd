use super::*;

/// Corosync keeps this starting point as a commented-out define; here it is a test.
const NEAR_THE_WRAP: Seq = Seq::new(0xffff_fe00);

#[test]
fn order_holds_across_the_wrap() {
    let mut seq = NEAR_THE_WRAP;
    for _ in 0..0x400 {
        let next = seq.next();
        assert!(next.after(seq) && !seq.after(next));
        assert!(next.at_or_after(seq) && seq.at_or_after(seq));
        assert_eq!(next.prev(), seq);
        assert_eq!(seq.max(next), next);
        assert_eq!(seq.min(next), seq);
        seq = next;
    }
    assert_eq!(seq.distance_from(NEAR_THE_WRAP), 0x400);
    assert_eq!(NEAR_THE_WRAP.distance_from(seq), 0);
}

#[test]
fn ring_sequences_step_in_fours() {
    assert_eq!(RingSeq::new(0).next(), RingSeq::new(4));
    assert_eq!(RingSeq::new(748).next(), RingSeq::new(752));
    assert_eq!(RingSeq::new(5).next(), RingSeq::new(8));
    assert!(RingSeq::MOST.next() > RingSeq::MOST);
}

#[test]
fn zero_names_no_node() {
    assert_eq!(NodeId::new(0), None);
    assert_eq!(NodeId::new(7).map(NodeId::get), Some(7));
}
