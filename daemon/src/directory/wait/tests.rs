use super::*;

fn chosen(abilities: &[&str]) -> Option<String> {
    let abilities: Vec<String> = abilities.iter().map(ToString::to_string).collect();
    let control = control(&abilities)?;
    assert!(control.crit, "a server that does not know it must not answer as if it did");
    Some(control.ctype)
}

#[test]
fn a_server_is_asked_in_a_way_that_it_offers() {
    assert_eq!(chosen(&["1.2.840.113556.1.4.319", SYNC]).as_deref(), Some(SYNC));
    assert_eq!(chosen(&[PERSISTENT]).as_deref(), Some(PERSISTENT));
    assert_eq!(chosen(&[PERSISTENT, SYNC]).as_deref(), Some(SYNC));
    assert_eq!(chosen(&["1.2.840.113556.1.4.319"]), None);
}

#[test]
fn the_value_of_a_persistent_search_is_a_sequence_of_its_length() {
    assert_eq!(usize::from(ALL_CHANGES[1]), ALL_CHANGES.len() - 2);
}
