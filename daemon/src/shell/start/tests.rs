use std::fs;

use clap::Parser;

use super::*;

/// The text of the error of a start with this configuration, in a directory of its own.
fn refused(name: &str, conf: &str, more: &[&str]) -> String {
    refused_with(name, (conf, None), more)
}

fn refused_with(name: &str, (conf, local): (&str, Option<&str>), more: &[&str]) -> String {
    let dir = std::env::temp_dir().join(format!("clusterd-start-{name}-{}", std::process::id()));
    fs::create_dir_all(&dir).expect("a temporary directory");
    let path = dir.join("cluster.conf");
    fs::write(&path, conf).expect("writable");
    if let Some(local) = local {
        fs::write(dir.join("local.conf"), local).expect("writable");
    }
    let sub = |name: &str| dir.join(name).display().to_string();
    let words = [
        "clusterd".to_owned(),
        format!("--config={}", path.display()),
        format!("--run-dir={}", sub("run")),
        format!("--lib-dir={}", sub("lib")),
        format!("--log-dir={}", sub("log")),
    ];
    let words = words.into_iter().chain(more.iter().map(|&word| word.to_owned()));
    let options = Options::try_parse_from(words).expect("good words");
    let result = prepare(&options).map(|prepared| prepared.settings);
    fs::remove_dir_all(&dir).expect("it is there");
    result.expect_err("must not start").to_string()
}

const TWO: &str = r#"<cluster name="c" config_version="1"><clusternodes>
    <clusternode name="127.0.0.1" nodeid="1"/>
    <clusternode name="127.0.0.2" nodeid="2"/>
    </clusternodes></cluster>"#;

#[test]
fn broken_xml_is_refused_with_its_line() {
    let text = refused("xml", "<cluster\n", &[]);
    assert!(text.contains("cluster.conf:"), "{text}");
}

#[test]
fn broken_xml_is_refused_in_one_line_without_what_follows_from_it() {
    let text = refused("end", &TWO.replace("</clusternodes>", ""), &[]);
    assert!(text.contains("cluster.conf:4: ") && text.contains("clusternodes line 1"), "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
}

#[test]
fn a_host_that_is_not_configured_is_refused_by_name() {
    let text = refused("name", TWO, &["-n", "iscsi9"]);
    assert!(
        text.contains("Overridden node name is not in CCS") && text.contains("iscsi9"),
        "{text}"
    );
}

#[test]
fn a_key_file_that_is_not_there_is_refused_by_name() {
    let text = refused("key", TWO, &["-n", "127.0.0.1", "--keyfile", "/nowhere/key"]);
    assert!(text.starts_with("cannot read key file /nowhere/key"), "{text}");
}

#[test]
fn a_directory_that_cannot_be_made_is_refused_by_name() {
    let text = refused("dir", TWO, &["-n", "127.0.0.1", "--run-dir", "/proc/nowhere"]);
    assert!(text.starts_with("cannot create directory /proc/nowhere"), "{text}");
}

#[test]
fn a_port_without_a_lower_neighbour_is_refused() {
    let text = refused("port", TWO, &["-n", "127.0.0.1", "--port", "1"]);
    assert!(text.contains("port 1"), "{text}");
}

#[test]
fn local_configuration_is_read_and_what_is_wrong_with_both_is_told_at_once() {
    let local = "<cluster>\n<totem token=\"1\"/><logging debug=\"maybe\"/>\n</cluster>";
    let conf = TWO.replace("nodeid=\"2\"", "nodeid=\"two\"");
    let text = refused_with("local", (&conf, Some(local)), &["-n", "127.0.0.1"]);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].contains("cluster.conf:3: "), "{text}");
    assert!(lines[1].contains("local.conf:2: cluster.totem: this element may not be"), "{text}");
    let name = "<cluster><cman nodename=\"iscsi9\"/></cluster>";
    let text = refused_with("nodename", (TWO, Some(name)), &[]);
    assert!(text.contains("Overridden node name is not in CCS: \"iscsi9\""), "{text}");
}
