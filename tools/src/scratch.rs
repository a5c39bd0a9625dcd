//! A directory with a configuration, for tests of the tools.
//!
//! Must never be left behind.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::source::{Environment, Facts};

/// The article's first listing.
pub(crate) const LISTING1: &str = include_str!("../../confdb/src/load/testdata/listing1.conf");

/// A directory of its own for each test.
#[derive(Debug)]
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("cluster-tools-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).expect("temporary files have a place");
        Self(path)
    }

    /// With this cluster.conf.
    pub(crate) fn with(text: &str) -> Self {
        let scratch = Self::new();
        std::fs::write(scratch.conf(), text).expect("the directory is ours");
        scratch
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn conf(&self) -> PathBuf {
        self.0.join("cluster.conf")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// That of host `iscsi1` of the listing, with this configuration.
pub(crate) fn environment(scratch: &Scratch) -> Environment {
    let address = |n: u8| IpAddr::from([192, 168, 10, 10 + n]);
    let resolved = (1..=3).map(|n| (format!("iscsi{n}"), vec![address(n)])).collect();
    let facts = Facts { hostname: "iscsi1".to_owned(), interfaces: Vec::new(), resolved };
    Environment { file: Some(scratch.conf()), facts: Some(facts), ..Environment::default() }
}

/// What the operator sees.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Seen {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) code: u8,
}

/// A command of this crate.
type Command = fn(&[String], &Environment, &mut dyn std::io::Write, &mut dyn std::io::Write) -> u8;

/// What comes of typing this line.
pub(crate) fn typed(command: Command, environment: &Environment, line: &str) -> Seen {
    let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = command(&words, environment, &mut out, &mut err);
    let text = |bytes| String::from_utf8(bytes).expect("it is text");
    Seen { out: text(out), err: text(err), code }
}
