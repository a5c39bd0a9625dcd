use super::*;

#[test]
fn flags_come_out_as_they_went_in_and_others_are_refused() {
    for byte in 0..=u8::MAX {
        let expected = (byte < 8).then_some(byte);
        assert_eq!(Flags::from_byte(byte).map(Flags::to_byte), expected);
    }
}
