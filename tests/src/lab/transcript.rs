//! A session at the terminals of several hosts, written down, played again, and compared.
//!
//! Must never be written by what it judges: the transcripts were taken from the program whose
//! place this one takes. Form:
//!
//! ```text
//! ### kill -9 iscsi2            the daemon of that host is killed
//! ### kill -9 iscsi2 and at once
//!                               the same, and nobody is waited for before the next step
//! ### anything else             a remark
//!
//! [iscsi1]# cman_tool nodes     a line of shell on a host, run when all running daemons agree
//! Node  Sts   Inc   Joined      what it printed
//! 2> what it complained of
//! (exit 0, 0.0s)
//! ```

use super::normal::normal;
use super::{Lab, Ran};

/// Begins a line that kills a daemon.
const KILL: &str = "### kill -9 ";

/// Ends it when the next step does not wait.
const AT_ONCE: &str = " and at once";

/// Plays a transcript and returns what is printed this time, in the same form; both are
/// [`normal`], so that they can be compared.
///
/// # Panics
/// The transcript names a host that is not there.
pub fn replay(lab: &mut Lab, transcript: &str) -> (String, String) {
    let mut now = String::new();
    let mut hurried = false;
    for step in steps(transcript) {
        if !hurried {
            lab.settle();
        }
        hurried = false;
        match step {
            Step::Kill { host, line } => {
                let number = lab.host(host).unwrap_or_else(|| panic!("no host {host}"));
                lab.kill(number);
                hurried = line.ends_with(AT_ONCE);
                now += &format!("{line}\n\n");
            }
            Step::Run { host, command } => {
                let number = lab.host(host).unwrap_or_else(|| panic!("no host {host}"));
                let ran = lab.run(number, command);
                now += &format!("[{host}]# {command}\n{}\n", printed(&ran));
            }
        }
    }
    // A file does not end with an empty line.
    (normal(now.trim_end()), normal(&without_remarks(transcript)))
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Step<'a> {
    Kill { host: &'a str, line: &'a str },
    Run { host: &'a str, command: &'a str },
}

fn steps(transcript: &str) -> impl Iterator<Item = Step<'_>> {
    transcript.lines().filter_map(|line| {
        if let Some(host) = line.strip_prefix(KILL) {
            let host = host.strip_suffix(AT_ONCE).unwrap_or(host);
            return Some(Step::Kill { host, line });
        }
        let (host, command) = line.strip_prefix('[')?.split_once("]# ")?;
        Some(Step::Run { host, command })
    })
}

fn without_remarks(transcript: &str) -> String {
    let is_remark = |line: &str| line.starts_with("### ") && !line.starts_with(KILL);
    let mut text = String::new();
    let mut lines = transcript.lines().peekable();
    while let Some(line) = lines.next() {
        if is_remark(line) {
            lines.next_if(|next| next.is_empty());
        } else {
            text += &format!("{line}\n");
        }
    }
    text
}

fn printed(ran: &Ran) -> String {
    let complaints: String = ran.stderr.lines().map(|line| format!("2> {line}\n")).collect();
    let code = ran.code.map_or_else(|| "a signal".to_owned(), |code| code.to_string());
    // Lines, not bytes: a last line without its end would hide in the next.
    let end = if ran.stdout.is_empty() || ran.stdout.ends_with('\n') { "" } else { "(no end)\n" };
    format!("{}{end}{complaints}(exit {code}, 0.0s)\n", ran.stdout)
}

#[cfg(test)]
mod tests;
