//! LDIF from bytes to a tree, with every problem written out; and names of entries by themselves.
#![no_main]

use confdb::directory::dn::Dn;
use confdb::{ldif, load};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(name) = String::from_utf8_lossy(data).parse::<Dn>() {
        assert_eq!(name.to_string().parse(), Ok(name), "a name is read as it is written");
    }
    let base: Dn = "dc=de".parse().expect("a name");
    let problems = match ldif::read("x.ldif", data) {
        Ok(entries) => load::ldap::load("x.ldif", &base, &entries).problems,
        Err(problems) => problems,
    };
    for problem in problems {
        assert!(!problem.to_string().contains('\n'), "{problem:?}");
    }
});
