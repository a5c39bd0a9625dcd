use proptest::prelude::*;

use super::*;

fn entry(value: &[u8]) -> Entry {
    let dn = "cn=x,dc=de".parse().expect("a name");
    Entry { dn, attributes: vec![Attribute::new("rhcsFoo", value)], line: None }
}

#[test]
fn what_is_not_plain_is_written_in_base64() {
    for (value, line) in [
        ("a b", "rhcsFoo: a b"),
        ("", "rhcsFoo: "),
        (" a", "rhcsFoo:: IGE="),
        ("a ", "rhcsFoo:: YSA="),
        (":a", "rhcsFoo:: OmE="),
        ("ä", "rhcsFoo:: w6Q="),
        ("a\nb", "rhcsFoo:: YQpi"),
    ] {
        let text = write(&[entry(value.as_bytes())], false);
        assert_eq!(text, format!("\ndn: cn=x,dc=de\n{line}\n"));
    }
}

#[test]
fn long_lines_are_folded_on_request() {
    let text = write(&[entry("x".repeat(200).as_bytes())], true);
    assert!(text.lines().all(|line| line.len() <= COLUMNS), "{text}");
    assert_eq!(text.lines().filter(|line| line.starts_with(' ')).count(), 2);
}

#[test]
fn every_mistake_is_reported_with_its_line() {
    let text = "version: 1\n# a comment\n  that goes on\nfoo: 1\n\ndn: cn\nx: 1\n\ndn: cn=a\nnocolon\n\
                dn: cn=b\ny:: ###\nz:< file:///etc/passwd\nchangetype: modify\n";
    let problems = read("x.ldif", text.as_bytes()).expect_err("it is full of mistakes");
    let lines: Vec<Option<u32>> = problems.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [4, 6, 10, 11, 12, 13, 14].map(Some));
    let problems = read("x.ldif", b"dn: cn=a\n\xff: 1\n").expect_err("not UTF-8");
    assert_eq!(problems[0].line, Some(2));
    let large = vec![b'#'; LARGEST_TEXT + 1];
    assert!(read("x.ldif", &large).is_err());
}

proptest! {
    #[test]
    fn every_value_comes_back(value in any::<Vec<u8>>(), fold in any::<bool>()) {
        let text = write(&[entry(&value)], fold);
        let found = read("x", text.as_bytes()).expect("what was written");
        prop_assert_eq!(&found[0].attributes, &entry(&value).attributes);
        prop_assert_eq!(found[0].line, Some(2));
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in any::<Vec<u8>>()) {
        let _ = read("x", &bytes);
    }

    #[test]
    fn arbitrary_lines_never_panic(text in "(dn|x|version|#|)(:|::|:<| )?.{0,9}\n{0,2}( .{0,3}\n)?") {
        let _ = read("x", text.as_bytes());
    }
}
