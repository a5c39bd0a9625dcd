use ldap3::asn1::TagClass;

use super::*;

fn tag(payload: PL) -> StructureTag {
    StructureTag { class: TagClass::Universal, id: 4, payload }
}

fn primitive(bytes: &[u8]) -> StructureTag {
    tag(PL::P(bytes.to_vec()))
}

fn found(parts: Vec<StructureTag>) -> ResultEntry {
    ResultEntry::new(tag(PL::C(parts)))
}

#[test]
fn an_entry_is_taken_apart() {
    let values = tag(PL::C(vec![primitive(b"1"), primitive(b"\xff")]));
    let attributes = tag(PL::C(vec![tag(PL::C(vec![primitive(b"rhcsVotes"), values]))]));
    let (entry, size) =
        entry(found(vec![primitive(b"cn=a,dc=de"), attributes])).expect("it is one");
    assert_eq!((entry.dn.to_string().as_str(), size), ("cn=a,dc=de", 2));
    assert_eq!(entry.attributes.len(), 2);
}

#[test]
fn what_is_no_entry_is_refused_and_ends_nothing() {
    let nothing = || tag(PL::C(Vec::new()));
    for parts in [
        vec![],
        vec![nothing()],
        vec![primitive(b"cn=a")],
        vec![primitive(b"cn=a"), primitive(b"x")],
        vec![primitive(b"cn=a"), tag(PL::C(vec![nothing()]))],
        vec![primitive(b"cn=a"), tag(PL::C(vec![primitive(b"x")]))],
        vec![primitive(b"cn=a"), tag(PL::C(vec![tag(PL::C(vec![primitive(b"\xff"), nothing()]))]))],
        vec![primitive(b"nonsense"), nothing()],
        vec![primitive(b"\xff"), nothing()],
    ] {
        assert!(entry(found(parts.clone())).is_err(), "{parts:?}");
    }
    assert!(entry(ResultEntry::new(primitive(b"x"))).is_err());
}
