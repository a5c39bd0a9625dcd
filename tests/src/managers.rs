//! Programs that nobody here wrote, unmodified, on our daemon and on the one they were written for:
//! hosts that exist for one scenario, and what runs on them.
//!
//! Must never be tuned to one engine: a scenario that passes with Corosync is right, and then holds
//! for `clusterd`.
//!
//! - [`place`] is the hosts and the bridge between them, [`machine`] one of them;
//! - [`engine`] is the daemon under test, [`report`] what was found;
//! - [`tools`], [`programs`], [`sam`], [`witness`], [`companions`] and [`pacemaker`] are scenarios;
//!   [`cluster`] is how they begin.

mod access;
pub mod cluster;
pub mod companions;
pub mod engine;
pub mod machine;
pub mod pacemaker;
pub mod place;
pub mod programs;
pub mod report;
pub mod sam;
pub mod tools;
pub mod witness;

use std::path::{Path, PathBuf};

use crate::bench::record::Journal;

use self::engine::{Engine, Shape, Transport};
use self::place::Place;
use self::report::Report;

/// What programs run on.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The daemon.
    pub engine: Engine,
    /// How it sends; ours always as the configuration says by default, which is multicast.
    pub transport: Transport,
    /// Our daemon's program; not used with Corosync.
    pub clusterd: PathBuf,
    /// Libraries that programs are to find instead of the installed ones.
    pub libraries: Option<PathBuf>,
    /// They lie where a package would put them, not in a directory of the loader's path.
    pub package: bool,
    /// Everything is left running until a line is read from standard input.
    pub keep: bool,
    /// The token timeout of the ring, milliseconds; what the daemon does by itself without one.
    pub token: Option<u32>,
}

/// A scenario.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// What the command line calls it.
    pub name: &'static str,
    /// Programs and files it needs, and the packages they are in.
    needs: &'static [(&'static str, &'static str)],
    shape: Shape,
    run: fn(&mut Place, &mut Report<'_>) -> Result<(), String>,
}

const THREE: Shape = Shape { nodes: 3, witness: false };

/// Puts our libraries into a directory, with the program that was built beside our daemon for that.
///
/// # Errors
/// It is missing, or the libraries are.
pub fn install(clusterd: &Path, into: &Path) -> Result<(), String> {
    let program = clusterd.with_file_name("install-libs");
    let ran = std::process::Command::new(&program).arg(into).output();
    let ran = ran.map_err(|error| {
        format!("{}: {error}: cargo build --release -p daemon -p capi", program.display())
    })?;
    if ran.status.success() {
        return Ok(());
    }
    Err(format!("{}: {}", program.display(), String::from_utf8_lossy(&ran.stderr).trim()))
}

/// Every scenario looks through its eyes.
const QUORUMTOOL: (&str, &str) = ("corosync-quorumtool", "corosync");

/// All of them.
pub const SCENARIOS: [Scenario; 7] = [
    Scenario {
        name: "tools",
        needs: &[
            QUORUMTOOL,
            ("cc", "build-essential"),
            ("/usr/include/corosync/cpg.h", "libcpg-dev"),
        ],
        shape: THREE,
        run: tools::run,
    },
    Scenario {
        name: "libraries",
        needs: &[
            QUORUMTOOL,
            ("cc", "build-essential"),
            ("/usr/include/corosync/cpg.h", "libcpg-dev"),
            ("/usr/include/corosync/quorum.h", "libquorum-dev"),
            ("/usr/include/corosync/votequorum.h", "libvotequorum-dev"),
            ("/usr/include/corosync/cmap.h", "libcmap-dev"),
            ("/usr/include/corosync/cfg.h", "libcfg-dev"),
        ],
        shape: THREE,
        run: programs::libraries,
    },
    Scenario {
        name: "bindings",
        needs: &[
            QUORUMTOOL,
            ("cargo", "cargo"),
            ("/usr/lib/x86_64-linux-gnu/libcpg.so", "libcpg-dev"),
            ("/usr/lib/x86_64-linux-gnu/libquorum.so", "libquorum-dev"),
            ("/usr/lib/x86_64-linux-gnu/libvotequorum.so", "libvotequorum-dev"),
            ("/usr/lib/x86_64-linux-gnu/libcmap.so", "libcmap-dev"),
            ("/usr/lib/x86_64-linux-gnu/libcfg.so", "libcfg-dev"),
        ],
        shape: THREE,
        run: programs::bindings,
    },
    Scenario {
        name: "sam",
        needs: &[
            QUORUMTOOL,
            ("cc", "build-essential"),
            ("/usr/include/corosync/sam.h", "libsam-dev"),
            ("/usr/include/corosync/cmap.h", "libcmap-dev"),
        ],
        shape: THREE,
        run: sam::run,
    },
    Scenario {
        name: "witness",
        needs: &[
            QUORUMTOOL,
            ("corosync-qdevice", "corosync-qdevice"),
            ("corosync-qnetd", "corosync-qnetd"),
        ],
        shape: Shape { nodes: 2, witness: true },
        run: witness::run,
    },
    Scenario {
        name: "companions",
        needs: &[
            QUORUMTOOL,
            ("corosync-notifyd", "corosync-notifyd"),
            ("dlm_controld", "dlm-controld"),
        ],
        shape: THREE,
        run: companions::run,
    },
    Scenario {
        name: "pacemaker",
        needs: &[
            QUORUMTOOL,
            ("pacemakerd", "pacemaker"),
            ("crm_mon", "pacemaker-cli-utils"),
            ("pcs", "pcs"),
            ("crm", "crmsh"),
        ],
        shape: THREE,
        run: pacemaker::run,
    },
];

impl Scenario {
    /// Programs that are not on this machine, each with its package.
    #[must_use]
    pub fn missing(&self) -> Vec<(&'static str, &'static str)> {
        let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin:/usr/bin:/bin";
        let there = |name: &str| path.split(':').any(|dir| Path::new(dir).join(name).exists());
        self.needs.iter().copied().filter(|(name, _)| !there(name)).collect()
    }

    /// Runs it; what does not hold.
    ///
    /// # Errors
    /// It cannot go on to its end.
    pub fn run(&self, setup: &Setup, journal: &mut Journal) -> Result<Vec<String>, String> {
        let mut report = Report::new(setup.engine.name(), self.name, journal);
        let mut place = Place::new(setup, &self.shape)?;
        let done = (self.run)(&mut place, &mut report);
        print!("{}", report.table());
        if setup.keep {
            keep(&place, done.as_ref().err())?;
        }
        done.map_err(|why| format!("{}: {why}\n{}", self.name, place.last_words(30)))?;
        Ok(report.into_failures())
    }
}

/// Says how to get onto the hosts, and waits for a line.
fn keep(place: &Place, why: Option<&String>) -> Result<(), String> {
    if let Some(why) = why {
        println!("it ended with: {why}");
    }
    for machine in &place.machines {
        println!("{}: {}", machine.name(), machine.entrance()?);
    }
    println!("Enter ends it.");
    let read = std::io::stdin().read_line(&mut String::new());
    read.map(drop).map_err(|error| error.to_string())
}
