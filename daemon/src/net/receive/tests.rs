use super::*;

#[test]
fn a_coalesced_datagram_is_taken_apart_by_size() {
    let mut into = VecDeque::new();
    let count = split(BytesMut::from(&b"aaabbbcc"[..]), 3, None, &mut into);
    let packets: Vec<_> = into.iter().map(|packet| &packet.bytes[..]).collect();
    assert_eq!((count, packets), (3, vec![&b"aaa"[..], b"bbb", b"cc"]));
}

#[test]
fn a_datagram_of_one_packet_stays_whole() {
    let mut into = VecDeque::new();
    assert_eq!(split(BytesMut::from(&b"abc"[..]), 3, None, &mut into), 1);
    assert_eq!(split(BytesMut::from(&b"abc"[..]), 0, None, &mut into), 1);
    assert_eq!(split(BytesMut::new(), 0, None, &mut into), 1);
    assert_eq!(into[0].bytes, into[1].bytes);
}
