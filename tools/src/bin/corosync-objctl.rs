//! `corosync-objctl`: see [`tools::objctl`].

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::process::ExitCode;

use tools::objctl::{self, Environment};

fn main() -> ExitCode {
    let arguments: Vec<String> =
        std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    let environment = Environment::of_process();
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut err = io::stderr().lock();
    let input = io::stdin();
    let code = objctl::run(&arguments, &environment, input.as_fd(), &mut out, &mut err);
    // A reader that has gone away has read all it wanted.
    let _ = out.flush();
    ExitCode::from(code)
}
