//! Administrators who change the configuration, and what the helpers of the daemons do about it.
//!
//! Must never let a node refuse what is in force somewhere: that is no refusal but a node that
//! cannot follow, and nothing would bring it back.

use core::time::Duration;
use std::collections::BTreeMap;

use confdb::edit::steps::{self, Step};
use confdb::replica::Ticket;
use daemon::stack::command::RequestId;
use daemon::stack::effect::{FileJob, NotReloaded, Reloaded};

use super::{Happening, World};
use crate::check::versions::Event;
use crate::conf;
use crate::disk::Text;
use crate::faults::Moment;

/// How long a helper's answer waits for a daemon that is stopped before it is looked at again.
const LATER: Duration = Duration::from_millis(5);

/// What the administrators have done so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Admin {
    serial: u64,
    newest: u64,
    /// Nodes that cannot go by a text, by that text.
    refusers: BTreeMap<Text, usize>,
}

/// What a helper of a daemon has done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Help {
    /// It has read the file.
    Fetched(RequestId),
    /// It has put a text beside the file under this ticket of the disk, or will not.
    Staged(Ticket, Result<u64, String>),
    /// It has made a text the file, under this ticket of the disk.
    Activated(Ticket, u64),
}

impl World {
    /// A node's file holds another text at its next start.
    pub fn set_version(&mut self, node: usize, version: u64) {
        let text = self.write(version);
        self.nodes[node].disk.set_conf(text);
    }

    /// A new text, which the judges know.
    fn write(&mut self, version: u64) -> Text {
        self.admin.serial += 1;
        self.admin.newest = self.admin.newest.max(version);
        let text = conf::text(&self.plan, version, self.admin.serial);
        self.observe_version(0, Event::Wrote(text.clone()));
        text
    }

    pub(super) fn reload(&mut self, node: usize, newer: u64, refuser: Option<usize>) {
        let text = self.write(self.admin.newest.max(1) + newer);
        if let Some(refuser) = refuser {
            self.admin.refusers.insert(text.clone(), refuser);
        }
        self.trace.story(self.now, Some(node), || {
            format!("version -r, the file has version {}", conf::version(&text))
        });
        self.nodes[node].reload(self.now, text);
        self.settle(node);
    }

    /// A program writes a key of the configuration at a node, in these words; `refuser` cannot go
    /// by what comes out.
    pub fn write_key(&mut self, node: usize, (words, step): (&str, Step), refuser: Option<usize>) {
        self.trace.story(self.now, Some(node), || words.to_owned());
        let steps = vec![step];
        let changed = steps::apply("cluster.conf", self.nodes[node].text(), &steps).ok();
        // What no node could start with is not even proposed.
        let sound = |text: &String| confdb::load::configuration("", text.as_bytes()).is_ok();
        let text = changed.filter(sound).map(|text| Text::from(text.into_bytes()));
        if let Some(text) = &text {
            self.admin.newest = self.admin.newest.max(conf::version(text));
            self.observe_version(0, Event::Wrote(text.clone()));
            self.admin.refusers.extend(refuser.map(|refuser| (text.clone(), refuser)));
        }
        self.nodes[node].write(self.now, (words, steps), text);
        self.settle(node);
    }

    /// A node can reach the directory from now on, or has tried and cannot.
    pub fn sees(&mut self, node: usize, sees: bool) {
        self.trace.story(self.now, Some(node), || {
            format!("{} the directory", if sees { "reaches" } else { "does not reach" })
        });
        self.nodes[node].look(self.now, sees);
        self.settle(node);
    }

    pub(super) fn directory(&mut self, everyone: bool) {
        let text = self.write(self.admin.newest.max(1) + 1);
        self.trace.story(self.now, None, || {
            format!("the directory has version {}", conf::version(&text))
        });
        for node in 0..self.nodes.len() {
            let runs = self.nodes[node].is_up() && !self.nodes[node].is_paused();
            if runs && (everyone || self.nodes[node].speaks()) {
                self.trace.story(self.now, Some(node), || "proposes what it has".into());
                self.nodes[node].reload(self.now, text.clone());
                self.settle(node);
            }
        }
    }

    pub(super) fn reloaded(
        &mut self,
        node: usize,
        request: RequestId,
        result: &Result<Reloaded, NotReloaded>,
    ) {
        let words = self.nodes[node].question(request);
        let words = words.unwrap_or_else(|| "version -r".into());
        self.trace.story(self.now, Some(node), || match result {
            Ok(Reloaded { version, .. }) => format!("{words}: all go by version {version}"),
            Err(why) => format!("{words}: {why}"),
        });
        self.figures.count(match result {
            Ok(_) => "configuration changed",
            Err(_) => "configuration not changed",
        });
        if let Some(text) = self.nodes[node].versions.files.remove(&request)
            && result.is_ok()
        {
            self.observe_version(node, Event::Told(text));
        }
    }

    /// Does what a stack wants done with its file.
    pub(super) fn file(&mut self, node: usize, job: FileJob) {
        match job {
            FileJob::Fetch(request) => self.fetch(node, request),
            FileJob::Stage { ticket, version, text } => self.stage(node, ticket, (version, text)),
            FileJob::Unstage(ticket) => self.unstage(node, ticket),
            FileJob::Activate { ticket, .. } => self.activate(node, ticket),
        }
    }

    fn fetch(&mut self, node: usize, request: RequestId) {
        let after = self.draw(self.plan.disk);
        self.help(node, after, Help::Fetched(request));
    }

    fn stage(&mut self, node: usize, ticket: Ticket, (version, text): (u64, Text)) {
        self.trace.fine(self.now, Some(node), || format!("stage version {version}"));
        let refuses = self.admin.refusers.get(&text) == Some(&node);
        let refuses = refuses && !self.checks.versions().is_in_force(&text);
        self.nodes[node].versions.staged.insert(ticket, (version, text.clone()));
        let done = if refuses {
            self.observe_version(node, Event::Refuses(text.clone()));
            Err("it does not fit here".to_owned())
        } else {
            Ok(self.nodes[node].disk.stage(version, text, &mut self.rng))
        };
        let after = self.draw(self.plan.disk);
        self.help(node, after, Help::Staged(ticket, done));
        self.fires_on(node, Moment::Staging);
    }

    fn unstage(&mut self, node: usize, ticket: Ticket) {
        if let Some((version, _)) = self.nodes[node].versions.staged.remove(&ticket) {
            self.nodes[node].disk.unstage(version);
        }
    }

    fn activate(&mut self, node: usize, ticket: Ticket) {
        let Some((version, text)) = self.nodes[node].versions.staged.remove(&ticket) else {
            return;
        };
        self.trace.story(self.now, Some(node), || format!("goes by version {version}"));
        self.observe_version(node, Event::GoesBy(text.clone()));
        let done = self.nodes[node].disk.activate(version, text);
        let after = self.draw(self.plan.disk);
        self.help(node, after, Help::Activated(ticket, done));
        self.fires_on(node, Moment::Switching);
    }

    fn help(&mut self, node: usize, after: Duration, done: Help) {
        let boot = self.nodes[node].boot();
        self.schedule(after, Happening::Helped { node, boot, done });
    }

    pub(super) fn helped(&mut self, node: usize, boot: u64, done: Help) {
        if self.nodes[node].boot() != boot || !self.nodes[node].is_up() {
            return;
        }
        if self.nodes[node].is_paused() {
            self.help(node, LATER, done);
            return;
        }
        let now = self.now;
        match done {
            Help::Fetched(request) => self.nodes[node].fetched(now, request),
            Help::Staged(ticket, result) => {
                let result = result.map(|disk| self.nodes[node].disk.written(disk));
                if self.fires_on(node, Moment::Accepting) && !self.nodes[node].is_up() {
                    return;
                }
                self.nodes[node].staged(&self.plan, now, (ticket, result));
            }
            Help::Activated(ticket, disk) => {
                self.nodes[node].disk.written(disk);
                let text = self.nodes[node].disk.conf().clone();
                self.observe_version(node, Event::OnDisk(text));
                self.nodes[node].activated(now, ticket);
            }
        }
        self.settle(node);
    }
}
