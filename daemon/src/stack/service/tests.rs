use super::*;

#[test]
fn every_service_has_a_number_of_its_own() {
    use Service::{Database, Evs, Groups, Nodes, Ports, Sync, Voting};
    for service in [Sync, Nodes, Voting, Evs, Database, Groups, Ports] {
        assert_eq!(Service::from_number(service.number()), Some(service));
    }
    assert_eq!(Service::from_number(0), None);
    assert_eq!(Service::from_number(7), None);
}

#[test]
fn a_message_is_split_into_what_it_was_made_of() {
    let mut message = Service::Voting.message(3);
    message.extend([7, 8, 9]);
    let (service, version, body) = split(message.into()).expect("well-formed");
    assert_eq!((service, version, &body[..]), (Service::Voting, PROTOCOL, &[7, 8, 9][..]));
}

#[test]
fn what_is_no_message_is_refused_by_name() {
    let split = |bytes: &'static [u8]| split(Bytes::from_static(bytes)).map(|_| ());
    assert_eq!(split(&[]), Err(MessageError::Truncated { what: "header", missing: 2 }));
    assert_eq!(split(&[2]), Err(MessageError::Truncated { what: "header", missing: 1 }));
    assert_eq!(split(&[99, 1]), Err(MessageError::UnknownService(99)));
}

#[test]
fn long_names_are_cut_between_characters() {
    let mut bytes = Vec::new();
    put_text(&mut bytes, &"ä".repeat(200));
    let mut reader = Reader::new("name", bytes.into());
    assert_eq!(reader.text("name"), Ok("ä".repeat(127)));
    assert_eq!(reader.end(), Ok(()));
}

#[test]
fn reading_past_the_end_says_how_much_is_missing() {
    let mut reader = Reader::new("thing", Bytes::from_static(&[5, 1, 2]));
    assert_eq!(reader.short(), Err(MessageError::Truncated { what: "thing", missing: 3 }));
    assert_eq!(reader.end(), Err(MessageError::Trailing { what: "thing", extra: 2 }));
}
