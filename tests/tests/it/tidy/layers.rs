//! The floors of the workspace, as absences: who may not name whom.
//!
//! Must never grow an exception without its reason beside it.

use super::{CRATES, Source, nothing, root, sources};

fn of<'a>(sources: &'a [Source], prefix: &'a str) -> impl Iterator<Item = &'a Source> {
    sources.iter().filter(move |source| source.path.starts_with(prefix) && !source.is_test())
}

fn naming(sources: &[Source], prefix: &str, words: &[&str]) -> Vec<String> {
    of(sources, prefix).flat_map(|source| source.naming(words)).collect()
}

#[test]
fn the_ring_and_the_vote_counter_never_name_std() {
    let sources = sources();
    for name in ["totem/src/", "quorum/src/"] {
        let found = naming(&sources, name, &["std::"]);
        nothing(&found, "these crates are pure");
        let root = of(&sources, name).find(|source| source.path == format!("{name}lib.rs"));
        let text = &root.expect("every crate has a root").text;
        assert!(text.contains("#![no_std]"), "{name} is without std");
    }
}

#[test]
fn the_configuration_database_touches_no_world() {
    let words = ["std::fs", "std::net", "std::time", "std::thread", "std::process", "std::env"];
    nothing(&naming(&sources(), "confdb/src/", &words), "confdb is told, it does not look");
}

#[test]
fn the_stack_touches_no_world_and_knows_no_contract() {
    let words = [
        "std::fs",
        "UdpSocket",
        "TcpStream",
        "UnixStream",
        "std::time::Instant",
        "std::time::System",
        "std::thread",
        "std::process",
        "std::env",
        "tokio",
        "socket2",
        "client::",
    ];
    let sources = sources();
    let mut found = naming(&sources, "daemon/src/stack/", &words);
    found.extend(naming(&sources, "daemon/src/stack.rs", &words));
    nothing(&found, "the stack is pure");
}

#[test]
fn the_vote_counter_knows_four_words_of_the_ring() {
    let words = ["NodeId", "NodeSet", "RingId", "Configuration", "Instant"];
    let mut found = Vec::new();
    for source in of(&sources(), "quorum/src/") {
        for (number, line) in source.code() {
            let Some((_, after)) = line.split_once("totem::") else { continue };
            let names = after.trim_start_matches('{').trim_end_matches([';', '}']);
            let stranger = names
                .split(|letter: char| !letter.is_alphanumeric())
                .find(|word| word.starts_with(char::is_uppercase) && !words.contains(word));
            if let Some(stranger) = stranger {
                found.push(format!("{}:{number}: {stranger}", source.path));
            }
        }
    }
    nothing(&found, "quorum never sees a packet");
}

#[test]
fn pure_crates_dispatch_statically() {
    let sources = sources();
    for name in ["totem/src/", "quorum/src/", "confdb/src/"] {
        nothing(&naming(&sources, name, &["dyn "]), "no trait objects in pure crates");
    }
}

#[test]
fn unsafe_code_has_one_home() {
    let sources = sources();
    let word = ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern"];
    let found: Vec<String> = sources
        .iter()
        .filter(|source| !source.path.starts_with("capi/src"))
        .filter(|source| !source.path.starts_with("tests/tests/it/tidy"))
        .flat_map(|source| source.naming(&word))
        .collect();
    nothing(&found, "unsafe code outside the C interface");
}

/// Workspace crates that a manifest depends on, outside of its tests.
fn dependencies(name: &str) -> Vec<String> {
    let path = root().join(name).join("Cargo.toml");
    let manifest = std::fs::read_to_string(path).expect("every crate has a manifest");
    let mut inside = false;
    let mut found = Vec::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line == "[dependencies]";
        } else if inside {
            let word: String = line
                .chars()
                .take_while(|letter| letter.is_alphanumeric() || *letter == '-')
                .collect();
            if CRATES.contains(&word.as_str()) {
                found.push(word);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn arrows_point_down() {
    let allowed: [(&str, &[&str]); 8] = [
        ("totem", &[]),
        ("confdb", &[]),
        ("client", &[]),
        ("capi", &["client", "confdb"]),
        ("quorum", &["totem"]),
        ("daemon", &["client", "confdb", "quorum", "totem"]),
        ("tools", &["client", "confdb"]),
        ("tests", &["client", "confdb", "daemon", "quorum", "tools", "totem"]),
    ];
    for (name, below) in allowed {
        let strangers: Vec<String> = dependencies(name)
            .into_iter()
            .filter(|dependency| !below.contains(&dependency.as_str()))
            .collect();
        nothing(&strangers, &format!("{name} may not depend on these"));
    }
}
