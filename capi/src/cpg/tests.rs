use std::mem::{offset_of, size_of};

use super::*;

#[test]
fn structs_lie_in_memory_as_in_the_header() {
    assert_eq!((size_of::<Name>(), size_of::<Address>()), (132, 12));
    assert_eq!(size_of::<iterate::Description>(), 140);
    assert_eq!(size_of::<Callbacks>(), 16);
    assert_eq!(size_of::<Model>(), 40);
    assert_eq!((offset_of!(Model, deliver), offset_of!(Model, ring_changed)), (8, 24));
    assert_eq!(offset_of!(Model, flags), 32);
}

#[test]
fn names_keep_their_zeros_and_end() {
    let name = Name::of(b"cib\0");
    assert_eq!(name.bytes(), Ok(&b"cib\0"[..]));
    let longest = Name::of(&[b'x'; 200]);
    assert_eq!(longest.bytes().map(<[u8]>::len), Ok(128));
    assert_eq!(Name::default().bytes(), Err(Cs::InvalidParam));
    let wrong = Name { length: 129, ..Name::default() };
    assert_eq!(wrong.bytes(), Err(Cs::NameTooLong));
}
