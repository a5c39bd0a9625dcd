//! Changes as they happen, until somebody says that it is enough.
//!
//! Must never miss the end: the input is watched together with the daemon.

use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};

use client::Connection;
use client::confdb::{ObjectChange, ObjectEvent};
use client::map::Entry;
use client::proto::notice;
use rustix::event::{PollFd, PollFlags, poll};
use serde_json::json;

use super::list::{plain, printed};
use super::{Failure, NAME, Options};

/// Prints the changes of what the paths name, until `q` or the end of the input.
pub(super) fn run(
    options: &Options,
    daemon: &mut Connection,
    input: BorrowedFd<'_>,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let mut watch = 0;
    for path in &options.paths {
        let objects = daemon.tree_find(path)?.objects;
        if objects.is_empty() {
            return Err(Failure(format!("{NAME}: there is no object \"{path}\"")));
        }
        for object in objects {
            watch += 1;
            daemon.tree_watch(watch, object, true)?;
        }
    }
    if !options.json {
        writeln!(out, "Type \"q\" to finish")?;
    }
    loop {
        while let Some(notice) = daemon.dispatch()? {
            if let notice::What::TreeChange(change) = notice {
                let change = ObjectChange::try_from(change)?;
                writeln!(out, "{}", line(&change, options))?;
            }
        }
        out.flush()?;
        if is_over(daemon, input)? {
            return Ok(());
        }
    }
}

/// Waits for the daemon or the input; the input says whether that was all.
fn is_over(daemon: &Connection, input: BorrowedFd<'_>) -> Result<bool, Failure> {
    let mut fds = [
        PollFd::new(&input, PollFlags::IN),
        PollFd::from_borrowed_fd(daemon.as_fd(), PollFlags::IN),
    ];
    match poll(&mut fds, None) {
        Ok(_) => {}
        Err(rustix::io::Errno::INTR) => return Ok(false),
        Err(why) => return Err(io::Error::from(why).into()),
    }
    if fds[0].revents().is_empty() {
        return Ok(false);
    }
    let mut typed = [0; 256];
    let size = rustix::io::read(input, &mut typed).map_err(io::Error::from)?;
    Ok(size == 0 || typed.iter().take(size).any(|byte| *byte == b'q'))
}

/// A change as the original prints it; what it could not tell has its own word.
pub(super) fn line(change: &ObjectChange, options: &Options) -> String {
    let ObjectChange { path, event, .. } = change;
    if options.json {
        return json(path, event).to_string();
    }
    let last = path.rsplit('.').next().unwrap_or_default();
    let name = last.split('[').next().unwrap_or_default();
    match event {
        ObjectEvent::Created => format!("object_created>{name}"),
        ObjectEvent::Deleted => format!("object_deleted>{name}"),
        ObjectEvent::Set(Entry { key, value }) => {
            let value = printed(value, options.binary);
            let value: String =
                value.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
            format!("key_changed> {name}.{key}={value}")
        }
        ObjectEvent::Unset(key) => format!("key_deleted> {name}.{key}"),
    }
}

fn json(path: &str, event: &ObjectEvent) -> serde_json::Value {
    match event {
        ObjectEvent::Created => json!({ "event": "object_created", "path": path }),
        ObjectEvent::Deleted => json!({ "event": "object_deleted", "path": path }),
        ObjectEvent::Set(Entry { key, value }) => {
            json!({ "event": "key_changed", "path": path, "key": key, "value": plain(value) })
        }
        ObjectEvent::Unset(key) => json!({ "event": "key_deleted", "path": path, "key": key }),
    }
}
