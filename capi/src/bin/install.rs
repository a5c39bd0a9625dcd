//! Puts the shared object where programs look for it: `install-libs [--dev] DIRECTORY`.

use std::path::PathBuf;
use std::process::ExitCode;

use cluster_abi::install::{built, install};

const USAGE: &str = "\
usage: install-libs [--dev] DIRECTORY

Puts the cluster managers' C libraries into DIRECTORY, under the names by which programs load them;
with --dev also under those that a linker looks for, with headers in DIRECTORY/include and files for
pkg-config in DIRECTORY/pkgconfig. Run programs with LD_LIBRARY_PATH=DIRECTORY.
";

fn main() -> ExitCode {
    let mut to_build = false;
    let mut directory = None;
    for argument in std::env::args_os().skip(1) {
        if argument == "--dev" {
            to_build = true;
        } else if argument == "--help" || argument == "-h" {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        } else if directory.replace(PathBuf::from(argument)).is_some() {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    }
    let Some(directory) = directory else {
        eprint!("{USAGE}");
        return ExitCode::from(2);
    };
    match built().and_then(|object| install(&object, &directory, to_build)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("install-libs: cannot install into {}: {why}", directory.display());
            ExitCode::FAILURE
        }
    }
}
