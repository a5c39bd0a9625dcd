//! The C libraries by which cluster managers talk to their cluster engine, over this cluster's
//! daemon: one shared object that is `libcpg`, `libquorum`, `libvotequorum`, `libcmap` and `libcfg`
//! at once, and `libcman` and `libccs`: programs built against the originals run unmodified.
//!
//! This is the only place in the workspace with unsafe code. Its rules:
//!
//! 1. *Nothing is trusted but the ABI.* A pointer from the program is null or good for what the
//!    header says, for the length of the call; nothing else is assumed. Null where a value is
//!    needed is `CS_ERR_INVALID_PARAM`. A handle may be any number: it is looked up, never
//!    dereferenced.
//! 2. *Panics never cross.* Every entry point runs inside `entry`, which makes a panic
//!    `CS_ERR_LIBRARY`. Two things stand outside of it: the wait for an event, and the program's
//!    callbacks, because a thread may be cancelled in either, and that passes through our frames.
//! 3. *No threads, no signals, no global state* but the tables of handles. Programs fork, count
//!    their threads and have handlers of their own.
//! 4. *No lock is held while a callback runs or an event is waited for.* Callbacks call back, end
//!    the very handle they were called for, and other threads send meanwhile.
//! 5. *Events come on a socket of their own*, one frame is read at a time and never ahead, and
//!    every frame that makes the socket readable is worth one dispatch. The descriptor is the same
//!    for the life of the handle, and a connected unix socket whose other end is the daemon.
//! 6. *Memory that the program frees* comes from `malloc`.
//!
//! | module | what for |
//! |---|---|
//! | `session` | the two connections behind a handle |
//! | `handles` | numbers for the program, and what is behind them |
//! | `dispatch` | the four ways of taking events |
//! | `pointer` | in and out of the program's memory |
//! | `error`, `errno` | the codes |
//! | `cman`, `ccs` | CMAN's two libraries |
//! | `versions` | which symbol has which version |
//! | [`install`] | the names under which programs look for this object |

mod ccs;
mod cfg;
mod cman;
mod cmap;
mod cpg;
mod dispatch;
mod entry;
mod errno;
mod error;
mod handles;
pub mod install;
mod instance;
mod pointer;
mod quorum;
mod session;
#[cfg(test)]
mod testing;
mod versions;
mod votequorum;
