use super::*;

const ASKS: SessionId = SessionId(1);
const HEARS: SessionId = SessionId(2);
const THIRD: SessionId = SessionId(3);

fn key(session: SessionId) -> Key {
    let mut key = [0xee; 16];
    key[8..].copy_from_slice(&session.0.to_be_bytes());
    key
}

fn three() -> Pairs {
    let mut pairs = Pairs::default();
    for session in [ASKS, HEARS, THIRD] {
        pairs.arrived(session, key(session), 0);
    }
    pairs
}

#[test]
fn notices_go_to_whoever_names_the_key() {
    let mut pairs = three();
    assert_eq!(pairs.listen(HEARS, &key(ASKS)), Ok(()));
    assert_eq!((pairs.ear(ASKS), pairs.ear(THIRD), pairs.count()), (HEARS, THIRD, 1));
    assert_eq!(pairs.gone(ASKS), Some(HEARS));
    assert_eq!(pairs.gone(HEARS), None, "it is told once");
    assert_eq!(pairs.count(), 0);
}

#[test]
fn a_wrong_key_of_any_length_and_another_user_are_told_the_same() {
    let mut pairs = three();
    pairs.arrived(SessionId(4), key(SessionId(4)), 1000);
    let text = "no connection of this user has this key".to_owned();
    for wrong in [&[][..], &[0xee; 15], &[0xee; 16], &[0xee; 64], &key(SessionId(4))] {
        assert_eq!(pairs.listen(HEARS, wrong), Err(text.clone()), "{wrong:?}");
    }
    pairs.gone(ASKS);
    assert_eq!(pairs.listen(HEARS, &key(ASKS)), Err(text), "its key went with it");
}

#[test]
fn nobody_listens_twice_or_to_itself_or_in_a_chain() {
    let mut pairs = three();
    let itself = "a connection cannot carry its own notices apart";
    assert_eq!(pairs.listen(ASKS, &key(ASKS)).unwrap_err(), itself);
    pairs.listen(HEARS, &key(ASKS)).unwrap();
    let taken = "another connection carries its notices already";
    assert_eq!(pairs.listen(THIRD, &key(ASKS)).unwrap_err(), taken);
    assert_eq!(pairs.listen(ASKS, &key(THIRD)).unwrap_err(), taken);
    let carries = "it carries the notices of another connection";
    assert_eq!(pairs.listen(THIRD, &key(HEARS)).unwrap_err(), carries);
    assert_eq!(pairs.listen(HEARS, &key(THIRD)).unwrap_err(), carries);
}
