//! What every scenario waits for: a cluster that has formed.
//!
//! Must never ask the engine itself: the answer is that of a program that Debian ships.

use std::time::Instant;

use super::place::{Look, Place};
use super::report::Report;

/// Our libraries on a host, and one of those that a package would put in place.
const OBJECT: &str = "/run/lib/libcluster_abi.so.1";
const INSTALLED: &str = "/usr/lib/x86_64-linux-gnu/libcmap.so.4";

/// Starts the daemons of these hosts, and waits until all are quorate together.
///
/// # Errors
/// They are not in time.
pub fn form(place: &mut Place, report: &mut Report<'_>, hosts: &[usize]) -> Result<(), String> {
    if place.setup().package {
        let ran = place.machines[0].run(&format!("cmp {OBJECT} $(readlink -f {INSTALLED})"))?;
        report.check("our libraries are the installed ones", ran.fine(), &ran.said);
    }
    let before = Instant::now();
    for &host in hosts {
        place.engine(host)?;
    }
    let formed = members(place, hosts, hosts, Some(true))?;
    report.took("daemons start: all are quorate", before, formed)
}

/// Waits until `hosts` see `nodes` and nobody else, and, if it is given, whether that is quorate.
///
/// # Errors
/// They do not in time.
pub fn members(
    place: &Place,
    hosts: &[usize],
    nodes: &[usize],
    quorate: Option<bool>,
) -> Result<Instant, String> {
    let what = format!("{nodes:?} are members on {hosts:?}, quorate: {quorate:?}");
    place.until(&what, |place| {
        for &host in hosts {
            let ran = place.machines[host].run("corosync-quorumtool -s")?;
            let counted = value(&ran.stdout, "Nodes:") == Some(&nodes.len().to_string());
            let yes = value(&ran.stdout, "Quorate:") == Some("Yes");
            if !(counted && quorate.is_none_or(|wanted| wanted == yes)) {
                return Ok(Look::NotYet(ran.said));
            }
        }
        Ok(Look::Seen)
    })
}

/// What stands behind a word at the start of a line.
#[must_use]
pub fn value<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(word)).map(str::trim)
}
