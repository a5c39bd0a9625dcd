use super::*;

fn asked(words: &[&str]) -> Asked {
    Asked::parse_from(core::iter::once("clusterd directory").chain(words.iter().copied()))
}

fn refusal(words: &[&str]) -> String {
    asked(words).source().expect_err("it makes no sense").to_string()
}

#[test]
fn what_makes_no_sense_is_refused_with_its_value() {
    assert!(refusal(&["--base", ""]).starts_with("no base"));
    assert!(refusal(&["--base", "nonsense"]).contains("\"nonsense\""));
    assert!(refusal(&["--base", "dc=de", "--url", "http://a"]).contains("\"http://a\""));
    assert!(refusal(&["--base", "dc=de", "--url", " "]).starts_with("0 servers"));
    let many = "ldap://a ".repeat(MOST_SERVERS + 1);
    assert!(refusal(&["--base", "dc=de", "--url", &many]).starts_with("17 servers"));
    assert!(refusal(&["--base", "dc=de", "--bind", "cn=a"]).starts_with("no password for cn=a"));
    let missing = refusal(&["--base", "dc=de", "--bind", "cn=a", "--password-file", "/nowhere"]);
    assert!(missing.starts_with("password file /nowhere: "), "{missing}");
}

#[test]
fn servers_keep_their_order_and_passwords_are_not_shown() {
    let dir = std::env::temp_dir().join(format!("password-{}", std::process::id()));
    fs::write(&dir, "geheim\nrest\n").expect("it can be written");
    let file = dir.display().to_string();
    let words = [
        "--base",
        "dc=de",
        "--url",
        "ldap://b ldaps://a",
        "--bind",
        "cn=x",
        "--password-file",
        &file,
    ];
    let source = asked(&words).source().expect("it makes sense");
    fs::remove_file(&dir).expect("it was written");
    assert_eq!(source.urls, ["ldap://b", "ldaps://a"]);
    assert_eq!(source.bind.as_ref().map(|bind| bind.password.as_str()), Some("geheim"));
    assert!(!format!("{source:?}").contains("geheim"));
}

#[test]
fn what_is_empty_is_as_if_it_was_not_said() {
    let words = ["--base=dc=de", "--url=", "--bind=", "--password-file=", "--ca=", "--timeout="];
    let source = asked(&words).source().expect("it makes sense");
    assert_eq!((source.urls.as_slice(), source.ca), (&["ldap://localhost".to_owned()][..], None));
    assert!(source.bind.is_none() && !source.starttls);
    assert_eq!(source.patience, Duration::from_secs(5));
    let wrong = Asked::try_parse_from(["x", "--timeout=0"]).expect_err("no time at all");
    assert!(wrong.to_string().contains("from 1 to 3600"), "{wrong}");
}
