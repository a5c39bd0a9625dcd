use clap::CommandFactory;

use super::*;

fn parse(words: &[&str]) -> Result<Options, String> {
    let words = std::iter::once("clusterd").chain(words.iter().copied());
    Options::try_parse_from(words).map_err(|error| error.to_string())
}

#[test]
fn the_command_line_is_consistent() {
    Options::command().debug_assert();
}

#[test]
fn paths_have_the_places_an_operator_expects() {
    let options = parse(&[]).expect("nothing is needed");
    let text = format!("{options:?}");
    for path in
        ["/etc/cluster/cluster.conf", "/run/cluster", "/var/lib/cluster", "/var/log/cluster"]
    {
        assert!(text.contains(path), "{path} in {text}");
    }
}

#[test]
fn a_load_is_a_size_and_how_many_send() {
    let load = |text| parse(&["--load", text]).map(|options| options.measure.load);
    assert_eq!(load("1024"), Ok(Some(Load { size: 1024, senders: None })));
    assert_eq!(load("65536,1"), Ok(Some(Load { size: 65536, senders: Some(1) })));
    for wrong in ["", "x", "1024,", "1024,x", "3"] {
        let error = load(wrong).expect_err("not a load");
        assert!(error.contains("--load"), "{error}");
    }
}

#[test]
fn what_was_said_goes_before_the_configuration() {
    let options = parse(&["-n", "iscsi1", "--port", "6000", "--votes", "3"]).expect("good words");
    assert_eq!(options.node_name.as_deref(), Some("iscsi1"));
    let overrides = options.overrides();
    assert_eq!((overrides.port, overrides.votes, overrides.group), (Some(6000), Some(3), None));
}

#[test]
fn a_wrong_word_is_refused_by_name() {
    for (words, name) in [
        (["--port", "70000"], "70000"),
        (["--multicast", "group"], "group"),
        (["--log-level", "loud"], "loud"),
        (["--ready-fd", "x"], "--ready-fd"),
    ] {
        let error = parse(&words).expect_err("not good");
        assert!(error.contains(name), "{error}");
    }
}

#[test]
fn local_configuration_is_beside_the_other_unless_it_is_named() {
    let local = |words: &[&str]| parse(words).expect("good words").local_config();
    assert_eq!(local(&[]), PathBuf::from("/etc/cluster/local.conf"));
    assert_eq!(local(&["--config=/a/b.conf"]), PathBuf::from("/a/local.conf"));
    assert_eq!(local(&["--local-config=/c"]), PathBuf::from("/c"));
}

#[test]
fn the_loader_is_named_as_in_cman_or_shorter() {
    let place = |words: &[&str]| {
        let options = parse(words)?;
        Ok::<_, String>((options.loader(), options.place()))
    };
    let file = (Loader::File, PathBuf::from("/etc/cluster/cluster.conf"));
    let directory = (Loader::Directory, PathBuf::from("/var/lib/cluster/cluster.conf"));
    let chain = "--loaders=ldapconfig:cmanpreconfig:openaisserviceenablestable";
    for words in [&[][..], &["--loader=xmlconfig"], &["--loader="], &["--loader=xml", chain]] {
        assert_eq!(place(words).as_ref(), Ok(&file), "{words:?}");
    }
    for words in [&["--loader=ldapconfig"][..], &["--loader=ldap"], &[chain]] {
        assert_eq!(place(words).as_ref(), Ok(&directory), "{words:?}");
    }
    assert_eq!(place(&["--loader=ldap", "--no-config"]), Ok(file));
    let unknown = place(&["--loader=openaisparser"]).expect_err("nobody knows it");
    assert!(unknown.contains("openaisparser") && unknown.contains("ldapconfig"), "{unknown}");
}

#[test]
fn a_directory_is_given_a_time() {
    let time = |text: &str| parse(&[&format!("--loader-timeout={text}")]);
    assert_eq!(time("7").map(|options| options.loader_timeout), Ok(Duration::from_secs(7)));
    assert_eq!(time("").map(|options| options.loader_timeout), Ok(Duration::from_secs(30)));
    for wrong in ["0", "3601", "x"] {
        assert!(time(wrong).is_err(), "{wrong}");
    }
}
