//! The generated half of the IPC contract is checked in, so that a build needs no generator. This
//! keeps it equal to its source.
//!
//! Must never rewrite anything unless asked: `CONTRACT=write cargo test -p tests contract` does.

use std::fs;
use std::path::{Path, PathBuf};

const HEADER: &str = "\
//! The IPC contract as Rust types, generated from `client/proto/cluster.proto`.
//!
//! Must never be edited: `CONTRACT=write cargo test -p tests contract` writes it anew, and the
//! same test without the variable fails when the two differ.

";

fn client() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../client")
}

fn generate() -> String {
    let proto = client().join("proto");
    let mut compiler = protox::Compiler::new([&proto]).expect("the proto directory exists");
    compiler.include_source_info(true);
    compiler.open_file(proto.join("cluster.proto")).expect("cluster.proto compiles");
    let out = tempdir();
    prost_build::Config::new()
        .bytes(["."])
        .boxed(".cluster.Reply.what.status")
        .out_dir(&out)
        .compile_fds(compiler.file_descriptor_set())
        .expect("prost takes what protox compiled");
    let body = fs::read_to_string(out.join("cluster.rs")).expect("the generator wrote its file");
    fs::remove_dir_all(&out).expect("the directory was made here");
    format!("{HEADER}{body}")
}

fn tempdir() -> PathBuf {
    let dir =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("contract-{}", std::process::id()));
    fs::create_dir_all(&dir).expect("cargo's directory for tests is writable");
    dir
}

#[test]
fn checked_in_contract_equals_what_its_source_generates() {
    let path = client().join("src/proto.rs");
    let generated = generate();
    if std::env::var("CONTRACT").as_deref() == Ok("write") {
        fs::write(&path, &generated).expect("the source tree is writable");
    }
    let checked_in = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        checked_in == generated,
        "client/src/proto.rs is not what client/proto/cluster.proto generates: \
         run `CONTRACT=write cargo test -p tests contract`"
    );
}
