//! `ldap2confdb`: see [`tools::ldif`].

use std::io;
use std::process::ExitCode;

use tools::ldif::{Streams, from_ldif};

fn main() -> ExitCode {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut err = io::stderr().lock();
    let arguments = std::env::args_os().collect();
    ExitCode::from(from_ldif(arguments, &mut Streams { out: &mut out, err: &mut err }))
}
