use std::process;

use super::*;

const LISTING1: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/ldif/testdata/listing1.conf");

type Tool = fn(Vec<OsString>, &mut Streams<'_>) -> u8;

struct Ran {
    code: u8,
    out: String,
    err: String,
}

fn run(tool: Tool, words: &[&str]) -> Ran {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let arguments = core::iter::once("tool").chain(words.iter().copied()).map(OsString::from);
    let code = tool(arguments.collect(), &mut Streams { out: &mut out, err: &mut err });
    let text = |bytes| String::from_utf8(bytes).expect("text");
    Ran { code, out: text(out), err: text(err) }
}

fn file(name: &str, text: &str) -> String {
    let dir = std::env::temp_dir().join(format!("ldif-{}", process::id()));
    fs::create_dir_all(&dir).expect("a directory of our own");
    let path = dir.join(name);
    fs::write(&path, text).expect("it can be written");
    path.display().to_string()
}

#[test]
fn the_articles_listing_is_loadable_and_says_what_cmans_tool_said() {
    let ours = run(to_ldif, &["dc=tuxgeek,dc=de", "--from", LISTING1]);
    assert_eq!((ours.code, ours.err.as_str()), (0, ""));
    let original = include_str!("testdata/listing5-compat.ldif");
    // The keys of the running node, and the second container.
    let again = "\ndn: cn=clusternode,cn=clusternodes,name=cluster,dc=tuxgeek,dc=de\n\
                 cn: clusternode\nobjectclass: nsContainer\n";
    let at = original.rfind(again).expect("it repeats its containers");
    let once = format!("{}{}", &original[..at], &original[at + again.len()..]);
    let expected =
        once.replace("rhcsNodename: iscsi1\n", "").replace("rhcsCluster-id: 46516\n", "");
    assert_eq!(ours.out, expected);
}

#[test]
fn on_request_it_is_cmans_output_byte_for_byte() {
    let words = ["dc=tuxgeek,dc=de", "--from", LISTING1, "--compat", "-n", "iscsi1"];
    assert_eq!(run(to_ldif, &words).out, include_str!("testdata/listing5-compat.ldif"));
}

#[test]
fn there_and_back_is_the_same_configuration() {
    let ldif = run(to_ldif, &["dc=a\\,b,dc=de", "--from", LISTING1, "--fold"]).out;
    let path = file("back.ldif", &ldif);
    let back = run(from_ldif, &["dc=a\\,b,dc=de", "--from", &path]);
    assert_eq!((back.code, back.err.as_str()), (0, ""));
    let path = file("back.conf", &back.out);
    let again = run(to_ldif, &["dc=a\\,b,dc=de", "--from", &path, "--fold"]).out;
    let path = file("again.ldif", &again);
    assert_eq!(run(from_ldif, &["dc=a\\,b,dc=de", "--from", &path]).out, back.out);
    let mut lines: [Vec<&str>; 2] = [ldif.lines().collect(), again.lines().collect()];
    lines.iter_mut().for_each(|lines| lines.sort_unstable());
    assert_eq!(lines[0], lines[1], "the same, keys in another order");
}

#[test]
fn what_is_wrong_is_said_and_nothing_is_printed() {
    let bad =
        file("bad.conf", "<cluster name='c' config_version='1'>\n<cman port='x'/>\n</cluster>");
    let tries: [(Tool, Vec<&str>, u8, &str); 7] = [
        (to_ldif, vec!["nonsense", "--from", LISTING1], 1, "not a name"),
        (to_ldif, vec!["dc=de", "--from", "/nonexistent"], 1, "/nonexistent: No such file"),
        (to_ldif, vec!["dc=de", "--from", &bad], 1, "bad.conf:2: cluster.cman.port: \"x\""),
        (to_ldif, vec!["dc=de", "--bogus"], 2, "--bogus"),
        (to_ldif, vec![], 0, "Usage"),
        (from_ldif, vec!["dc=de", "--from", &bad], 1, "bad.conf:1:"),
        (from_ldif, vec!["dc=de", "--from", "/nonexistent"], 1, "/nonexistent: No such file"),
    ];
    for (tool, words, code, what) in tries {
        let ran = run(tool, &words);
        assert_eq!((ran.code, ran.out.as_str()), (code, ""), "{words:?}");
        assert!(ran.err.contains(what), "{words:?}: {}", ran.err);
    }
    let ran = run(to_ldif, &["dc=de", "--from", &bad, "--json"]);
    let json: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    let lines = json["problems"].as_array().expect("a list").iter().map(|p| &p["line"]);
    assert!(lines.into_iter().any(|line| line == 2), "{json}");
}
