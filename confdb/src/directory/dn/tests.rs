use proptest::prelude::*;

use super::*;

fn dn(text: &str) -> Dn {
    text.parse().expect(text)
}

#[test]
fn escapes_stay_part_of_their_value() {
    let name = dn(r"name=a\,b\+c\=\ , cn=\2C\C3\A4,DC=tuxgeek;dc=de");
    let values: Vec<&str> = name.rdns.iter().map(|rdn| rdn.pairs[0].1.as_str()).collect();
    assert_eq!(values, ["a,b+c= ", ",ä", "tuxgeek", "de"]);
    assert_eq!(name.to_string(), r"name=a\,b\+c\=\ ,cn=\,ä,DC=tuxgeek,dc=de");
}

#[test]
fn several_attributes_make_one_part() {
    let name = dn("cn=ip+rhcsOrder=2,cn=rm");
    assert_eq!(name.rdns.len(), 2);
    assert_eq!(name.rdns[0].value("RHCSORDER"), Some("2"));
    assert_eq!(name.rdns[0].folded(), dn("rhcsorder=2+CN=IP").rdns[0].folded());
}

#[test]
fn what_is_no_name_is_refused_with_its_text() {
    for bad in ["cn", "=x", "a b=c", r"cn=a\", r"cn=\zz", r"cn=\2", r"cn=\FF", "cn=a,,cn=b"] {
        let error = bad.parse::<Dn>().expect_err(bad).to_string();
        assert!(error.contains(&quoted(bad)), "{error}");
    }
    let long = "x".repeat(LONGEST_DN + 1);
    assert_eq!(long.parse::<Dn>(), Err(DnError::TooLong(LONGEST_DN + 1)));
}

#[test]
fn a_name_is_below_a_base_whatever_its_case() {
    let base = dn("dc=Example,dc=org");
    let below = dn("name=n1,cn=x,DC=example,dc=ORG").below(&base).expect("it is");
    assert_eq!(below, [Rdn::new("cn", "x"), Rdn::new("name", "n1")]);
    assert_eq!(base.below(&base), Some(vec![]));
    assert_eq!(dn("dc=org").below(&base), None);
    assert_eq!(dn("cn=x,dc=com,dc=org").below(&base), None);
}

proptest! {
    #[test]
    fn every_value_comes_back(values in prop::collection::vec(any::<String>(), 1..4)) {
        let rdns = values.iter().map(|value| Rdn::new("cn", value)).collect();
        let name = Dn { rdns };
        prop_assert_eq!(name.to_string().parse(), Ok(name));
    }

    #[test]
    fn arbitrary_text_never_panics(text in any::<String>()) {
        if let Ok(name) = text.parse::<Dn>() {
            prop_assert_eq!(name.to_string().parse(), Ok(name));
        }
    }
}
