//! A real OpenLDAP server takes what we write, all of it and in one go, and gives it back.
//!
//! Must never talk to another machine: servers listen on sockets in a directory of their own, or
//! on the loopback address, and end with their test. Without `slapd` on the machine these tests say
//! that they were skipped; `tests/run` installs it.

mod asking;
mod ds389;
mod generated;
pub(crate) mod server;

use std::ffi::OsString;
use std::fs;
use std::process::Command;

use tools::ldif::{Streams, from_ldif, to_ldif};

use self::server::{BASE, Server, run};

/// Everything that a configuration may be made of.
const FULL: &str = include_str!("directory/full.conf");

pub(crate) fn tool(tool: fn(Vec<OsString>, &mut Streams<'_>) -> u8, words: &[&str]) -> String {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let words = std::iter::once("tool").chain(words.iter().copied()).map(OsString::from);
    let code = tool(words.collect(), &mut Streams { out: &mut out, err: &mut err });
    assert_eq!((code, String::from_utf8_lossy(&err).as_ref()), (0, ""), "no complaint");
    String::from_utf8(out).expect("text")
}

/// The entries of a configuration, in an order that does not depend on how it is written.
fn entries(conf: &str) -> Vec<String> {
    let text = tool(to_ldif, &[BASE, "--from", conf]);
    let sorted = |entry: &str| {
        let mut lines: Vec<&str> = entry.lines().collect();
        lines.sort_unstable();
        lines.join("\n")
    };
    let mut entries: Vec<String> = text.split("\n\n").map(sorted).collect();
    entries.sort();
    entries
}

#[test]
fn a_server_gives_back_the_configuration_that_was_loaded_with_plain_ldapadd() {
    let Some(server) = Server::start("full", "") else { return };
    let conf = server.file("full.conf");
    fs::write(&conf, FULL).expect("it can be written");
    server.add(&tool(to_ldif, &[BASE, "--from", &conf, "--fold"]));
    let back = tool(from_ldif, &[BASE, "--from", &server.search()]);
    let again = server.file("again.conf");
    fs::write(&again, &back).expect("it can be written");
    assert_eq!(entries(&again), entries(&conf), "{back}");
}

#[test]
fn the_schema_can_be_added_to_a_servers_configuration() {
    let Some(server) = Server::start("config", "") else { return };
    let conf = server.file("plain.conf");
    let plain = "include /etc/ldap/schema/core.schema\ndatabase config\n";
    fs::write(&conf, plain).expect("it can be written");
    let tree = server.file("slapd.d");
    fs::create_dir(&tree).expect("a directory of our own");
    run(Command::new("/usr/sbin/slaptest").args(["-f", &conf, "-F", &tree]));
    let schema = server.file("schema.ldif");
    fs::write(&schema, tool(to_ldif, &["--schema", "config"])).expect("it can be written");
    run(Command::new("/usr/sbin/slapadd").args(["-F", &tree, "-n", "0", "-l", &schema]));
    let all = run(Command::new("/usr/sbin/slapcat").args(["-F", &tree, "-n", "0"]));
    assert!(all.contains("rhcsClusternode"), "{all}");
}
