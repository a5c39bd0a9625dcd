//! Programs build against our headers and link to our libraries, and mean the same by them as with
//! the original's headers where those are installed.

use std::path::{Path, PathBuf};
use std::process::Command;

use cluster_abi::install::{LIBRARIES, OBJECT, built, install};

/// Sizes and places that a program and the libraries must agree on; a compiler checks them.
const LAYOUT: &str = r#"
#include <stddef.h>
#include <corosync/cfg.h>
#include <corosync/cmap.h>
#include <corosync/cpg.h>
#include <corosync/quorum.h>
#include <corosync/votequorum.h>
#define SIZE(of, size) _Static_assert(sizeof(of) == size, #of)
#define PLACE(of, in, at) _Static_assert(offsetof(of, in) == at, #of)
SIZE(struct cpg_address, 12);
SIZE(struct cpg_name, 132);
SIZE(struct cpg_iteration_description_t, 140);
SIZE(struct cpg_ring_id, 16);
SIZE(cpg_model_v1_data_t, 40);
PLACE(cpg_model_v1_data_t, flags, 32);
SIZE(struct quorum_ring_id, 16);
SIZE(quorum_model_v1_data_t, 24);
SIZE(struct votequorum_info, 292);
PLACE(struct votequorum_info, flags, 28);
SIZE(votequorum_callbacks_t, 24);
SIZE(struct cmap_notify_value, 24);
SIZE(corosync_cfg_node_address_t, 32);
SIZE(struct corosync_knet_link_status_v1, 520);
SIZE(struct corosync_cfg_node_status_v1, 4176);
_Static_assert(CS_ERR_NO_SECTIONS == 27 && CS_ERR_SECURITY == 100, "answers");
_Static_assert(CPG_REASON_PROCDOWN == 5 && CPG_TYPE_SAFE == 3, "groups");
_Static_assert(CMAP_VALUETYPE_BINARY == 12 && CMAP_TRACK_PREFIX == 8, "keys");
"#;

/// Calls one function of each library.
const PROGRAM: &str = r"
#include <corosync/cfg.h>
#include <corosync/cmap.h>
#include <corosync/cpg.h>
#include <corosync/quorum.h>
#include <corosync/votequorum.h>
int main(void)
{
    return !(cpg_finalize(7) == CS_ERR_BAD_HANDLE && quorum_finalize(7) == CS_ERR_BAD_HANDLE &&
             votequorum_finalize(7) == CS_ERR_BAD_HANDLE && cmap_finalize(7) == CS_ERR_BAD_HANDLE &&
             corosync_cfg_finalize(7) == CS_ERR_BAD_HANDLE);
}
";

/// A directory that is removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("capi-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("there is a place for temporary files");
        Self(path)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).expect("the directory was just made");
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).expect("it was made here");
    }
}

fn cc(arguments: &[&str], file: &Path) {
    let run = Command::new("cc")
        .args(["-std=gnu11", "-Wall", "-Wextra", "-Werror"])
        .arg(file)
        .args(arguments)
        .output()
        .expect("a C compiler is installed");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
}

#[test]
fn headers_lay_structs_out_as_the_originals_do() {
    let scratch = Scratch::new("layout");
    let file = scratch.write("layout.c", LAYOUT);
    let include = concat!("-I", env!("CARGO_MANIFEST_DIR"), "/include");
    cc(&["-fsyntax-only", include], &file);
    if Path::new("/usr/include/corosync/cpg.h").is_file() {
        cc(&["-fsyntax-only"], &file);
    }
}

#[test]
fn program_links_to_the_installed_libraries_and_runs() {
    let scratch = Scratch::new("link");
    let libraries = scratch.0.join("lib");
    install(&built().expect("cargo has built it"), &libraries, true).unwrap();
    install(&built().unwrap(), &libraries, true).expect("again is as good as once");
    let file = scratch.write("program.c", PROGRAM);
    let program = scratch.0.join("program");
    let (libs, include) = (format!("-L{}", libraries.display()), libraries.join("include"));
    let include = format!("-I{}", include.display());
    let out = program.to_str().unwrap();
    let all = ["-lcpg", "-lquorum", "-lvotequorum", "-lcmap", "-lcfg"];
    cc(&[&["-o", out, &include, &libs][..], &all[..]].concat(), &file);
    let needed = Command::new("readelf").arg("-d").arg(&program).output().expect("binutils");
    let needed = String::from_utf8(needed.stdout).unwrap();
    for library in &LIBRARIES[..5] {
        assert!(needed.contains(&format!("[{library}]")), "it runs with Corosync's too: {needed}");
    }
    assert!(!needed.contains(OBJECT), "{needed}");
    let run = Command::new(&program).env("LD_LIBRARY_PATH", &libraries).output().unwrap();
    assert!(run.status.success(), "{run:?}");
    assert_eq!((&run.stdout[..], &run.stderr[..]), (&[][..], &[][..]), "the loader is content");
}
