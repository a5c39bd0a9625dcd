use std::mem::{offset_of, size_of};

use super::*;

#[test]
fn structs_lie_in_memory_as_in_the_header() {
    assert_eq!((size_of::<Node>(), size_of::<Callbacks>()), (8, 24));
    assert_eq!(size_of::<Info>(), 292);
}

#[test]
fn callbacks_lie_in_the_order_of_the_header() {
    assert_eq!(offset_of!(Callbacks, expected), 8);
    assert_eq!(offset_of!(Callbacks, nodes), 16);
}
