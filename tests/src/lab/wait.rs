//! Waiting for what daemons have done by themselves: a command that one of them has answered may
//! reach the others, the logs and the disks a moment later.
//!
//! Must never look once at what somebody else is still writing.

use std::fs;
use std::path::Path;
use std::time::Instant;

use client::Status;

use super::{Lab, PATIENCE};
use crate::ear::Ear;

impl Lab {
    /// Waits until the state of these hosts fulfils `wanted`, each as it shows it itself.
    ///
    /// # Panics
    /// It does not in time.
    pub fn shows(&self, hosts: &[usize], what: &str, wanted: impl Fn(&Status) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        for &host in hosts {
            let shown = self.watch(host).shows(&wanted, deadline);
            assert!(shown, "host {host} does not show {what}\n{}", self.log(host));
        }
    }

    /// Waits until these hosts go by a version of the configuration: who is told that all have
    /// switched has seen it at one of them.
    ///
    /// # Panics
    /// They do not in time.
    pub fn go_by(&self, hosts: &[usize], version: u64) {
        let what = format!("version {version}");
        self.shows(hosts, &what, |status| status.config_version == version);
    }

    /// Waits until a line with this text stands in the log of a host: the writer of the log is a
    /// thread of its own.
    ///
    /// # Panics
    /// It does not in time.
    pub fn logged(&self, host: usize, text: &str) {
        self.until(host, &format!("{text:?} is not said"), || self.whole_log(host).contains(text));
    }

    /// Waits until a file on a host is so; its content. The disk may be slower than the ring.
    ///
    /// # Panics
    /// It is not in time.
    pub fn written(&self, host: usize, file: &Path, wanted: impl Fn(&str) -> bool) -> String {
        let read = || fs::read_to_string(file).unwrap_or_default();
        self.until(host, &format!("{} stays as it is", file.display()), || wanted(&read()));
        read()
    }

    /// All that the daemons of a host said.
    #[must_use]
    pub fn whole_log(&self, host: usize) -> String {
        let home = self.home(host);
        // One that `cman_tool join` has started has nobody to talk to; the others say all twice.
        let log = fs::read_to_string(home.log());
        log.or_else(|_| fs::read_to_string(home.dir().join("log/clusterd.log"))).unwrap_or_default()
    }

    /// Waits until something is so, looking whenever a file of the host changes.
    fn until(&self, host: usize, otherwise: &str, mut look: impl FnMut() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        let home = self.home(host).dir();
        let places = [home.to_owned(), home.join("lib"), home.join("log")];
        let ear = Ear::new(places.iter().map(AsRef::as_ref)).expect("the directory is ours");
        while !look() {
            assert!(Instant::now() < deadline, "{otherwise}\n{}", self.log(host));
            ear.wait().expect("the directory is ours");
        }
    }
}
