use super::{MessageId, SMALLEST, decode, encode};

#[test]
fn every_size_names_its_message() {
    let id = MessageId { sender: 3, number: 70_000 };
    for size in [0, 1, 8, 9, 600, 100_000] {
        let content = encode(id, size);
        assert_eq!(content.len(), size.max(SMALLEST));
        assert_eq!(decode(&content), Some(id));
    }
    assert_eq!(decode(&[1, 2, 3]), None);
}

#[test]
fn contents_differ_from_message_to_message_and_place_to_place() {
    let a = encode(MessageId { sender: 1, number: 1 }, 64);
    let b = encode(MessageId { sender: 1, number: 2 }, 64);
    assert_ne!(a[8..], b[8..]);
    assert_ne!(a[8..16], a[16..24]);
}
