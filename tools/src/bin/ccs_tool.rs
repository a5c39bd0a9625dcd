//! `ccs_tool`: see [`tools::ccs`].

use std::io::{self, Write};
use std::process::ExitCode;

use tools::ccs::{self, Environment};

fn main() -> ExitCode {
    let arguments: Vec<String> =
        std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    let environment = Environment::of_process();
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut err = io::stderr().lock();
    let code = ccs::run(&arguments, &environment, &mut out, &mut err);
    // A reader that has gone away has read all it wanted.
    let _ = out.flush();
    ExitCode::from(code)
}
