//! Gives the shared object its version nodes; which symbol belongs to which is said in
//! `src/versions.rs`.

use std::path::Path;
use std::{env, fs, io};

/// Nodes that the libraries of the original have.
const NODES: [&str; 5] = [
    "COROSYNC_CPG_1.0",
    "COROSYNC_QUORUM_1.0",
    "COROSYNC_VOTEQUORUM_1.0",
    "COROSYNC_CMAP_1.0",
    "COROSYNC_CFG_0.82",
];

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed=build.rs");
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?;
    let script = Path::new(&out).join("versions.map");
    let nodes: String = NODES.iter().map(|node| format!("{node} {{ }};\n")).collect();
    fs::write(&script, nodes)?;
    println!("cargo:rustc-cdylib-link-arg=-Wl,--version-script={}", script.display());
    println!("cargo:rustc-cdylib-link-arg=-Wl,--undefined-version");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libcluster_abi.so.1");
    Ok(())
}
