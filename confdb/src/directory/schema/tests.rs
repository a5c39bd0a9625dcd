use std::collections::BTreeSet;

use super::*;

#[test]
fn names_and_numbers_are_given_once() {
    let mut oids = BTreeSet::new();
    for lines in [attribute_lines().collect::<Vec<_>>(), class_lines().collect()] {
        let mut names = BTreeSet::new();
        for line in lines {
            let mut words = line.split(' ');
            let (oid, name) = (words.nth(1).expect("an OID"), words.nth(1).expect("a name"));
            assert!(oids.insert(oid.to_owned()), "{line}");
            assert!(names.insert(name.to_lowercase()), "servers do not tell case apart: {line}");
        }
    }
}

#[test]
fn every_class_names_attributes_that_are_there() {
    for class in CLASSES {
        for key in class.keys() {
            let known = key == "name" || keys().any(|known| known == key);
            assert!(known, "{}: {key}", class.element);
        }
    }
}

#[test]
fn cmans_numbers_are_kept() {
    let all: Vec<String> = attribute_lines().chain(class_lines()).collect();
    for start in [
        "( 1.3.6.1.4.1.2312.8.1.1.1 NAME 'rhcsConfig-version' ",
        "( 1.3.6.1.4.1.2312.8.1.1.278 NAME 'rhcsFail-recv-const' ",
        "( 1.3.6.1.4.1.2312.8.1.2.10 NAME 'rhcsClusternode' ",
        "( 1.3.6.1.4.1.2312.8.1.2.53 NAME 'rhcsAction' ",
        "( 1.3.6.1.4.1.2312.8.1.2.57 NAME 'rhcsLogging-daemon' ",
        "( 1.3.6.1.4.1.2312.8.1.2.45 NAME 'rhcsLvm' ",
    ] {
        assert!(all.iter().any(|line| line.starts_with(start)), "{start}");
    }
}
