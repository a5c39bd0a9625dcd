//! `libsam`, which is Debian's on both engines: a program is started again when it falls silent,
//! the map says how it is, and with a quorum policy it runs only where there is one.
//!
//! Must never lean on its timers to pass: what is waited for is what the program prints.

use super::cluster;
use super::place::{Look, Place};
use super::programs;
use super::report::{Report, differences};

/// All of it.
///
/// # Errors
/// A step is not reached in time.
pub fn run(place: &mut Place, report: &mut Report<'_>) -> Result<(), String> {
    let program = programs::compile(place, "sam", &["-lsam", "-lcmap"])?;
    cluster::form(place, report, &[0, 1, 2])?;
    let texts = programs::wanted("sam");
    let [restart, map, ended, quorum] = texts.as_slice() else { return Err("four texts".into()) };
    for (word, wanted) in [("restart", restart), ("cmap", map)] {
        let ran = place.machines[1].run(&format!("{} {word}", program.display()))?;
        let wanted = text(wanted);
        let what = format!("a program of libsam, {word}");
        report.check(&what, ran.said == wanted, &differences(&wanted, &ran.said));
    }
    // What remains in the map of the one that failed, without its process id and times.
    let line = "corosync-cmapctl resources.process. | grep -v last_updated | cut -d. -f4- | sort";
    let ran = place.machines[1].run(line)?;
    let wanted = text(ended);
    report.check("what the map says of it at the end", ran.said == wanted, &ran.said);

    place.start(0, "sam", &format!("exec {} quorum", program.display()))?;
    printed(place, "runs as 1\n")?;
    place.kill_all(1)?;
    place.kill_all(2)?;
    cluster::members(place, &[0], &[0], Some(false))?;
    // The first was ended, and the second waits.
    printed(place, "runs as 1\nsam_register(&instance): 1\n")?;
    place.engine(1)?;
    place.finish(0, "sam")?;
    let (wanted, seen) = (text(quorum), place.machines[0].printed("sam"));
    report.check("a program of libsam, quorum", seen == wanted, &differences(&wanted, &seen));
    Ok(())
}

/// Without the blank line that stands behind it.
fn text(wanted: &str) -> String {
    wanted.trim_end_matches('\n').to_owned() + "\n"
}

fn printed(place: &Place, wanted: &str) -> Result<(), String> {
    let look = place.until(&format!("{wanted:?} is printed"), |place| {
        let said = place.machines[0].printed("sam");
        Ok(Look::when(said.contains(wanted), &said))
    });
    look.map(drop)
}
