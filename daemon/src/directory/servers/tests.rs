use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use clap::Parser;

use super::*;
use crate::demo::scratch::Scratch;
use crate::directory::source::Asked;

/// A program that does something else for each server; what it comes to in three seconds.
fn ask_all(servers: &[(&str, &str)]) -> Result<String, DirectoryError> {
    let scratch = Scratch::new("directory-servers").expect("there is room");
    let program = scratch.path().join("program");
    let case = |(url, script): &(&str, &str)| format!("{url}) {script};;\n");
    let cases: String = servers.iter().map(case).collect();
    let script = format!("#!/bin/sh\ncase \"$3\" in\n{cases}esac\n");
    fs::write(&program, script).expect("the directory is ours");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).expect("it is ours");
    let urls: Vec<&str> = servers.iter().map(|(url, _)| *url).collect();
    let urls = urls.join(" ");
    let words = ["", "--base", "dc=x", "--url", &urls, "--within", "3000"];
    let asked = Asked::try_parse_from(words).expect("it makes sense");
    ask(&program, &asked.source().expect("it makes sense"))
}

const GOOD: (&str, &str) = ("ldap://good", "echo here it is");

#[test]
fn whatever_one_server_does_the_next_is_asked() {
    for script in [
        "exec sleep 60",
        "kill -9 $$",
        "exec yes",
        "echo refused >&2; exit 1",
        "true",
        "echo half; exec >&-; exec sleep 60",
    ] {
        let answer = ask_all(&[("ldap://bad", script), GOOD]);
        assert_eq!(answer.ok().as_deref(), Some("here it is\n"), "{script}");
    }
    let began = Instant::now();
    let hangs = "exec sleep 60";
    let answer = ask_all(&[("ldap://a", hangs), ("ldap://b", hangs), GOOD]);
    assert_eq!(answer.ok().as_deref(), Some("here it is\n"), "each has its share");
    assert!(began.elapsed() < Duration::from_secs(20));
}

#[test]
fn each_failure_names_its_server() {
    let said = "echo ldap://a: cannot connect >&2; exit 1";
    let error = ask_all(&[("ldap://a", said), ("ldap://b", "kill -9 $$")]);
    let text = error.expect_err("nobody has it").to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "ldap://a: cannot connect");
    assert!(lines[1].starts_with("ldap://b: the program that asks the directory ended"), "{text}");
}

#[test]
fn what_no_other_server_would_make_better_ends_it() {
    let wrong = ("ldap://wrong", "echo ldap://wrong: no votes >&2; exit 3");
    let error = ask_all(&[wrong, GOOD]).expect_err("it is the directory's content");
    assert!(
        matches!(&error, DirectoryError::Content(lines) if lines == &["ldap://wrong: no votes"])
    );
    let unusable = ("ldap://any", "echo certificates x: none >&2; exit 2");
    let error = ask_all(&[unusable, GOOD]).expect_err("it is this host's fault");
    assert!(matches!(error, DirectoryError::Certificates(_)), "{error}");
}
