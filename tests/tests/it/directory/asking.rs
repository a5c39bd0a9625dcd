//! What `clusterd directory` says of servers that answer, and of those that do not.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::thread;
use std::time::Duration;

use clap::Parser;
use daemon::directory::source::Asked;
use daemon::directory::text;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tools::ldif::{Streams, from_ldif, to_ldif};

use super::server::{ADMIN, BASE, PASSWORD, Server};
use super::{FULL, tool};

fn ask(words: &[&str]) -> Result<String, String> {
    let words = ["clusterd directory", "--timeout", "2"].iter().chain(words);
    text(&Asked::parse_from(words)).map_err(|error| error.to_string())
}

fn loaded(name: &str, more: &str, at: &str) -> Option<Server> {
    let server = Server::start_at(name, more, at)?;
    let conf = server.file("full.conf");
    fs::write(&conf, FULL).expect("it can be written");
    server.add(&tool(to_ldif, &[BASE, "--from", &conf]));
    Some(server)
}

/// A port of the loopback address that nobody listens on.
fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    listener.local_addr().expect("it is bound").port()
}

#[test]
fn a_configuration_is_fetched_whole_anonymously_and_by_name() {
    let Some(server) = loaded("whole", "", "") else { return };
    let password = server.file("password");
    fs::write(&password, format!("{PASSWORD}\n")).expect("it can be written");
    let url = server.url();
    let anonymous = ask(&["--base", BASE, "--url", &url]).expect("it is there");
    let named = ["--base", BASE, "--url", &url, "--bind", ADMIN, "--password-file", &password];
    assert_eq!(ask(&named).as_ref(), Ok(&anonymous));
    let searched = server.search();
    assert_eq!(tool(from_ldif, &[BASE, "--from", &searched]), anonymous);
    assert!(confdb::load::configuration("x", anonymous.as_bytes()).is_ok());
}

#[test]
fn what_a_server_refuses_is_said_with_its_address() {
    let more = "referral ldap://elsewhere.example";
    let Some(server) = loaded("refused", more, "") else { return };
    let url = server.url();
    let password = server.file("password");
    fs::write(&password, "wrong\n").expect("it can be written");
    let wrong = ["--base", BASE, "--url", &url, "--bind", ADMIN, "--password-file", &password];
    let said = |why: &str| Err(format!("{url}: {why}"));
    assert_eq!(
        ask(&wrong),
        said(&format!("cannot log in as {ADMIN}: wrong name or password (49)"))
    );
    let missing = ask(&["--base", "ou=x,dc=tuxgeek,dc=de", "--url", &url]);
    assert_eq!(missing, said("there is no entry name=cluster,ou=x,dc=tuxgeek,dc=de"));
    let elsewhere = ask(&["--base", "dc=example", "--url", &url]).expect_err("it has it not");
    assert!(elsewhere.contains("another server has it (10)"), "{elsewhere}");
    assert!(elsewhere.contains("; ask ldap://elsewhere.example"), "{elsewhere}");
}

#[test]
fn an_answer_that_is_no_configuration_is_refused_with_all_that_is_wrong() {
    let Some(server) = Server::start("content", "") else { return };
    let bad = "<cluster name='c' config_version='1'><clusternodes>\
               <clusternode name='a' nodeid='1'/><clusternode name='b' nodeid='2'/></clusternodes>\
               </cluster>";
    let conf = server.file("bad.conf");
    fs::write(&conf, bad).expect("it can be written");
    let ldif = tool(to_ldif, &[BASE, "--from", &conf]);
    server.add(&ldif.replace("rhcsNodeid: 2", "rhcsNodeid: 1\nrhcsVotes: many"));
    let url = server.url();
    let said = ask(&["--base", BASE, "--url", &url]).expect_err("it is wrong");
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines.iter().all(|line| line.starts_with(&url)), "{said}");
    assert!(lines.iter().any(|line| line.contains("votes: \"many\"")), "{said}");
    assert!(lines.iter().any(|line| line.contains("nodeid")), "{said}");
}

#[test]
fn ten_thousand_entries_are_too_many_for_a_stranger_and_taken_from_who_may_read_them() {
    let Some(mut server) = loaded("many", "", "") else { return };
    let mut more = String::from(
        "dn: cn=extra,name=cluster,dc=tuxgeek,dc=de\ncn: extra\nobjectClass: nsContainer\n",
    );
    for n in 0..10_000 {
        more += &format!(
            "\ndn: cn=x{n},cn=extra,name=cluster,dc=tuxgeek,dc=de\ncn: x{n}\n\
             objectClass: nsContainer\n"
        );
    }
    server.add_offline(&more);
    let url = server.url();
    let limited = ask(&["--base", BASE, "--url", &url]);
    let why = "cannot search below name=cluster,dc=tuxgeek,dc=de: the server's size limit is \
               exceeded (4)";
    assert_eq!(limited, Err(format!("{url}: {why}")));
    let password = server.file("password");
    fs::write(&password, PASSWORD).expect("it can be written");
    let named = ["--base", BASE, "--url", &url, "--bind", ADMIN, "--password-file", &password];
    let all = ask(&named).expect("the administrator has no limit");
    assert!(all.contains("<x9999/>"));
}

#[test]
fn servers_that_are_dead_silent_or_mad_are_passed_over_in_time() {
    let Some(server) = loaded("order", "", "") else { return };
    let dead = format!("ldap://127.0.0.1:{}", free_port());
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let silent_url = format!("ldap://{}", silent.local_addr().expect("it is bound"));
    let mad = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let mad_url = format!("ldap://{}", mad.local_addr().expect("it is bound"));
    // Ends with the process: it waits for one more connection than there is.
    thread::spawn(move || {
        for stream in mad.incoming() {
            let Ok(mut stream) = stream else { return };
            let _ = stream.read(&mut [0; 64]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let all = format!("{dead} {silent_url} {mad_url}");
    let said = ask(&["--base", BASE, "--url", &all]).expect_err("nobody answers");
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 3, "{said}");
    assert!(lines[0].starts_with(&dead) && lines[0].contains("refused"), "{said}");
    let why = format!("{silent_url}: cannot search: no answer within 2s");
    assert_eq!(lines[1], why, "{said}");
    assert!(lines[2].starts_with(&mad_url), "{said}");
    let with_good = format!("{dead} {}", server.url());
    assert!(ask(&["--base", BASE, "--url", &with_good]).is_ok());
}

/// A certificate for `name`, valid in these years, and its key, written where a server reads them.
fn certificate(
    server: &str,
    (name, years): (&str, (i32, i32)),
    issuer: &CertifiedIssuer<'_, KeyPair>,
) {
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new([name.to_owned()]).expect("a name");
    params.not_before = rcgen::date_time_ymd(years.0, 1, 1);
    params.not_after = rcgen::date_time_ymd(years.1, 1, 1);
    let certificate = params.signed_by(&key, issuer).expect("it can be signed");
    fs::write(format!("{server}.crt"), certificate.pem()).expect("it can be written");
    fs::write(format!("{server}.key"), key.serialize_pem()).expect("it can be written");
}

#[test]
fn only_a_server_that_proves_its_name_is_talked_to() {
    let dir = std::env::temp_dir().join(format!("certificates-{}", std::process::id()));
    fs::create_dir_all(&dir).expect("a directory of our own");
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    let issuer = CertifiedIssuer::self_signed(params, key).expect("it signs itself");
    let ca = dir.join("ca.pem").display().to_string();
    fs::write(&ca, issuer.pem()).expect("it can be written");
    for (kind, name, years, refusal) in [
        ("good", "localhost", (2020, 2060), None),
        ("expired", "localhost", (2000, 2001), Some("expired")),
        ("wrong-name", "other.example", (2020, 2060), Some("not valid for")),
    ] {
        let here = dir.join(kind).display().to_string();
        certificate(&here, (name, years), &issuer);
        let more = format!("TLSCertificateFile {here}.crt\nTLSCertificateKeyFile {here}.key");
        let (plain, tls) = (free_port(), free_port());
        let at = format!("ldap://127.0.0.1:{plain} ldaps://127.0.0.1:{tls}");
        let Some(_server) = loaded(&format!("tls-{kind}"), &more, &at) else { return };
        let ldaps = format!("ldaps://localhost:{tls}");
        let ldap = format!("ldap://localhost:{plain}");
        let tries =
            [vec!["--url", &ldaps, "--ca", &ca], vec!["--url", &ldap, "--ca", &ca, "--starttls"]];
        for words in tries {
            let words: Vec<&str> = ["--base", BASE].into_iter().chain(words).collect();
            match (ask(&words), refusal) {
                (Ok(_), None) => {}
                (Err(why), Some(what)) => assert!(why.contains(what), "{words:?}: {why}"),
                (answer, _) => panic!("{kind}: {words:?}: {answer:?}"),
            }
        }
        let unknown = ask(&["--base", BASE, "--url", &ldaps]).expect_err("nobody knows the issuer");
        assert!(unknown.contains("certificate"), "{unknown}");
        assert!(ask(&["--base", BASE, "--url", &ldap]).is_ok(), "unencrypted on request");
    }
    fs::remove_dir_all(&dir).expect("it was made here");
}

#[test]
fn a_directory_that_never_answers_costs_the_time_that_it_was_given() {
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let url = format!("ldaps://{}", silent.local_addr().expect("it is bound"));
    let began = std::time::Instant::now();
    let said = ask(&["--base", BASE, "--url", &url]).expect_err("nobody answers");
    assert_eq!(said, format!("{url}: cannot connect: no answer within 2s"));
    assert!(began.elapsed() < Duration::from_secs(20), "a step has its time");
}

/// What `clusterd directory` comes to that waits for another version than this.
pub(super) fn changed(url: &str, known: &str) -> Result<String, String> {
    let words = ["clusterd directory", "--base", BASE, "--url", url, "--known", known];
    daemon::directory::answer(&Asked::parse_from(words)).map_err(|error| error.to_string())
}

#[test]
fn a_server_that_tells_of_changes_is_waited_for() {
    let Some(mute) = loaded("mute", "", "") else { return };
    let url = mute.url();
    assert_eq!(changed(&url, "1"), Err(format!("{url}: it tells of no changes")));
    let Some(server) = loaded("tells", "moduleload syncprov\nAFTER\noverlay syncprov", "") else {
        return;
    };
    let url = server.url();
    assert_eq!(changed(&url, "0").as_deref(), Ok("another version than 0\n"), "it has it already");
    let known = confdb::load::configuration("x", FULL.as_bytes()).expect("it is valid");
    let known = known.cluster.config_version.to_string();
    let waits = thread::spawn({
        let known = known.clone();
        move || changed(&url, &known)
    });
    // Whether it waits already or not: what it is told first is how things are.
    server.set("name=cluster", "rhcsConfig-version", "4711");
    let told = waits.join().expect("it ends");
    assert_eq!(told, Ok(format!("another version than {known}\n")));
}

#[test]
fn the_tools_take_what_was_fetched() {
    let Some(server) = loaded("tools", "", "") else { return };
    let fetched = ask(&["--base", BASE, "--url", &server.url()]).expect("it is there");
    let conf = server.file("fetched.conf");
    fs::write(&conf, fetched).expect("it can be written");
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let words = ["confdb2ldif", BASE, "--from", &conf].map(Into::into).to_vec();
    assert_eq!(to_ldif(words, &mut Streams { out: &mut out, err: &mut err }), 0);
}
