use std::fs;

use super::*;

struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let dir =
            std::env::temp_dir().join(format!("clusterd-files-{name}-{}", std::process::id()));
        fs::create_dir_all(&dir).expect("a temporary directory");
        Self(dir)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_run_directory_serves_one_daemon() {
    let scratch = Scratch::new("lock");
    let first = Lock::take(&scratch.0).expect("free");
    let text = Lock::take(&scratch.0).expect_err("taken").to_string();
    assert!(text.starts_with("another clusterd is running: it holds "), "{text}");
    let pid = fs::read_to_string(scratch.0.join("clusterd.lock")).expect("it is there");
    assert_eq!(pid.trim(), std::process::id().to_string());
    drop(first);
    Lock::take(&scratch.0).expect("free again");
}

#[test]
fn a_key_file_must_be_there_and_long_enough() {
    let scratch = Scratch::new("key");
    let path = scratch.0.join("authkey");
    let source = KeySource::File(path.clone());
    let text = secret(&source).expect_err("not there").to_string();
    assert!(text.starts_with("cannot read key file ") && text.contains("authkey"), "{text}");
    fs::write(&path, [7; 127]).expect("writable");
    let text = secret(&source).expect_err("too short").to_string();
    assert!(text.ends_with("authkey: 127 bytes, at least 128 are needed"), "{text}");
    fs::write(&path, [7; 1000]).expect("writable");
    assert_eq!(secret(&source).expect("long enough"), [7; 128]);
}

#[test]
fn a_missing_file_is_named() {
    let text = read("the configuration", Path::new("/nowhere/cluster.conf"))
        .expect_err("not there")
        .to_string();
    let start = "cannot read the configuration /nowhere/cluster.conf: No such file";
    assert!(text.starts_with(start), "{text}");
}
