use super::*;
use crate::config::{Identity, Limits, Timing};

fn node(id: u32) -> NodeId {
    NodeId::new(id).expect("not zero")
}

#[test]
fn a_join_can_be_decoded_however_many_departures_were_told() {
    let identity = Identity { me: node(1), boot: 1, weight: 1, seed: 0 };
    let config = Config::new(identity, Timing::default(), Limits::for_packet(600)).expect("valid");
    let mut local = Local::new(config, RingSeq::new(0));
    for id in 2..=200 {
        local.note_departure(node(id), Departure { boot: 1, evidence: Evidence::Left });
    }
    let candidates = NodeSet::from([node(1), node(199), node(300)]);
    local.send_join(JoinSets { candidates, ..JoinSets::default() });
    let Some(Output::Send { packet, .. }) = local.outbox.pop_front() else { panic!("a join") };
    let Ok(Packet::Join(join)) = Packet::decode(&packet) else { panic!("peers refuse it") };
    assert_eq!(join.departures.keys().copied().collect::<NodeSet>(), NodeSet::from([node(199)]));
}
