//! Who may use the libraries: nobody but the superuser, unless an entry `uidgid` says so.
//!
//! Must never depend on who runs the test: the program runs as a user of its own on the host.

use super::place::Place;
use super::programs;
use super::report::{Report, differences};

/// A user and a group that nothing else has: neither root's nor one that Pacemaker brings.
const STRANGER: &str = "65534";

/// Where everybody can start the program.
const PROGRAM: &str = "/run/try-access";

const LIBRARIES: [&str; 5] = ["-lcpg", "-lquorum", "-lvotequorum", "-lcmap", "-lcfg"];

/// The program as a stranger on a host: without an entry, with one for the user, without one again,
/// and with one for the group.
///
/// # Errors
/// The host is off.
pub(super) fn check(place: &mut Place, report: &mut Report<'_>, host: usize) -> Result<(), String> {
    let program = programs::compile(place, "access", &LIBRARIES)?;
    let texts = programs::wanted("access");
    let [refused, admitted] = texts.as_slice() else { return Err("two texts".into()) };
    let machine = &place.machines[host];
    let copied = machine.run(&format!("install -m 755 {} {PROGRAM}", program.display()))?;
    report.check("a program for everybody", copied.fine(), &copied.said);
    let (user, group) = (format!("uidgid.uid.{STRANGER}"), format!("uidgid.gid.{STRANGER}"));
    let steps = [
        ("of a stranger", String::new(), refused),
        ("of a user with an entry", format!("corosync-cmapctl -s {user} u8 1"), admitted),
        ("of a user whose entry is gone", format!("corosync-cmapctl -D {user}"), refused),
        (
            "of a user whose group has an entry",
            format!("corosync-cmapctl -s {group} u8 1"),
            admitted,
        ),
        ("of a user whose group has 0 there", format!("corosync-cmapctl -s {group} u8 0"), refused),
    ];
    for (what, first, wanted) in steps {
        let wanted = wanted.trim_end_matches("\n").to_owned() + "\n";
        let line = format!(
            "{first}\nexec setpriv --reuid={STRANGER} --regid={STRANGER} --clear-groups {PROGRAM}"
        );
        let ran = machine.run(&line)?;
        let what = format!("the libraries in a program {what}");
        report.check(&what, ran.said == wanted, &differences(&wanted, &ran.said));
    }
    Ok(())
}
