//! Programs compile against the headers of `capi/include`, find everything where the originals'
//! headers have it, and link with the shared object under the originals' names.

use std::path::{Path, PathBuf};
use std::process::Command;

use cluster_abi::install::{built, install};

/// A directory of this test.
fn scratch(name: &str) -> PathBuf {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&place).expect("cargo's directory for tests is writable");
    place
}

fn compile(file: &str, arguments: &[&str]) {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let run = Command::new("cc")
        .args(["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-I"])
        .arg(here.join("include"))
        .arg(here.join("tests/c").join(file))
        .args(arguments)
        .output()
        .expect("whoever links Rust programs has a C compiler");
    assert!(run.status.success(), "{file}: {}", String::from_utf8_lossy(&run.stderr));
}

#[test]
fn structures_and_numbers_are_those_of_the_originals() {
    let object = scratch("layout").join("layout.o");
    compile("layout.c", &["-c", "-o", &object.to_string_lossy()]);
}

#[test]
fn a_manager_links_with_the_libraries() {
    let place = scratch("manager");
    install(&built().expect("cargo has built it"), &place, true).expect("the place is ours");
    let program = place.join("manager");
    let paths = [place.to_string_lossy(), program.to_string_lossy()];
    compile("manager.c", &["-L", &paths[0], "-lcman", "-lccs", "-o", &paths[1]]);
    // Without a daemon it says what fence managers' users know.
    let run = Command::new(&program)
        .arg("info")
        .env("LD_LIBRARY_PATH", &place)
        .env("CLUSTER_SOCKET", place.join("nobody.sock"))
        .output()
        .expect("it was just linked");
    let said = String::from_utf8_lossy(&run.stdout);
    assert_eq!((run.status.code(), &*said), (Some(1), "cman_init: Connection refused\n"));
}
