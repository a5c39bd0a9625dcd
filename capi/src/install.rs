//! The names under which programs look for the shared object.
//!
//! Must never leave a directory in which some names mean another version than others: the object is
//! put beside its place and takes it in one step, and the names all point to it. What a linker
//! looks for is no such name: a program that was built here must ask for `libcpg.so.4`, as one that
//! was built elsewhere does, so that it runs there too.

mod stub;

use std::path::{Path, PathBuf};
use std::{fs, io};

/// File name of the shared object as it is built.
pub const BUILT: &str = "libcluster_abi.so";

/// File name of the shared object as it is installed, which is its soname.
pub const OBJECT: &str = "libcluster_abi.so.1";

/// Libraries that it is: what programs ask the loader for.
pub const LIBRARIES: [&str; 7] = [
    "libcpg.so.4",
    "libquorum.so.5",
    "libvotequorum.so.8",
    "libcmap.so.4",
    "libcfg.so.7",
    "libcman.so.3",
    "libccs.so.3",
];

/// What each of them has, in the same order: lines of `nm`.
pub const SYMBOLS: [&str; 7] = [
    include_str!("../abi/libcpg.so.4.txt"),
    include_str!("../abi/libquorum.so.5.txt"),
    include_str!("../abi/libvotequorum.so.8.txt"),
    include_str!("../abi/libcmap.so.4.txt"),
    include_str!("../abi/libcfg.so.7.txt"),
    include_str!("../abi/libcman.so.3.txt"),
    include_str!("../abi/libccs.so.3.txt"),
];

/// What those who build programs need besides, by its place beside the libraries.
const TO_BUILD: [(&str, &str); 13] = [
    ("include/libcman.h", include_str!("../include/libcman.h")),
    ("include/ccs.h", include_str!("../include/ccs.h")),
    ("include/corosync/corotypes.h", include_str!("../include/corosync/corotypes.h")),
    ("include/corosync/cpg.h", include_str!("../include/corosync/cpg.h")),
    ("include/corosync/quorum.h", include_str!("../include/corosync/quorum.h")),
    ("include/corosync/votequorum.h", include_str!("../include/corosync/votequorum.h")),
    ("include/corosync/cmap.h", include_str!("../include/corosync/cmap.h")),
    ("include/corosync/cfg.h", include_str!("../include/corosync/cfg.h")),
    ("pkgconfig/libcpg.pc", include_str!("../pkgconfig/libcpg.pc")),
    ("pkgconfig/libquorum.pc", include_str!("../pkgconfig/libquorum.pc")),
    ("pkgconfig/libvotequorum.pc", include_str!("../pkgconfig/libvotequorum.pc")),
    ("pkgconfig/libcmap.pc", include_str!("../pkgconfig/libcmap.pc")),
    ("pkgconfig/libcfg.pc", include_str!("../pkgconfig/libcfg.pc")),
];

/// Puts `object` into `directory`, which is made if need be, with all names of [`LIBRARIES`], and
/// with those that a linker looks for, headers and files for `pkg-config` if `to_build` is set.
///
/// # Errors
/// The system's; for building there has to be a C compiler, `cc`.
pub fn install(object: &Path, directory: &Path, to_build: bool) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    let beside = directory.join(format!(".{OBJECT}.new"));
    fs::copy(object, &beside)?;
    fs::rename(&beside, directory.join(OBJECT))?;
    for (library, symbols) in LIBRARIES.into_iter().zip(SYMBOLS) {
        link(&directory.join(library))?;
        if to_build {
            let name = library.split_inclusive(".so").next().unwrap_or(library);
            stub::build(library, symbols, &directory.join(name))?;
        }
    }
    for (name, content) in TO_BUILD.iter().filter(|_| to_build) {
        let path = directory.join(name);
        fs::create_dir_all(path.parent().unwrap_or(directory))?;
        fs::write(path, content)?;
    }
    Ok(())
}

/// The shared object that was built together with the running program.
///
/// # Errors
/// There is none beside it.
pub fn built() -> io::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let near = program.ancestors().skip(1).take(2);
    // Which of them cargo writes depends on what it was told to build: the last one counts.
    near.flat_map(|directory| [directory.join(BUILT), directory.join("deps").join(BUILT)])
        .filter_map(|path| Some((fs::metadata(&path).ok()?.modified().ok()?, path)))
        .max()
        .map(|(_, path)| path)
        .ok_or_else(|| {
            let text = format!("there is no {BUILT} beside {}", program.display());
            io::Error::new(io::ErrorKind::NotFound, text)
        })
}

fn link(name: &Path) -> io::Result<()> {
    match fs::remove_file(name) {
        Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(why),
        Ok(()) | Err(_) => {}
    }
    std::os::unix::fs::symlink(OBJECT, name)
}
