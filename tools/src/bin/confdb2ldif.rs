//! `confdb2ldif`: see [`tools::ldif`].

use std::io;
use std::process::ExitCode;

use tools::ldif::{Streams, to_ldif};

fn main() -> ExitCode {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut err = io::stderr().lock();
    let arguments = std::env::args_os().collect();
    ExitCode::from(to_ldif(arguments, &mut Streams { out: &mut out, err: &mut err }))
}
