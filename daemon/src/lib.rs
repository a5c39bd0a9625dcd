//! One node of a cluster, in two halves: the pure [`stack`], and the shell that does its I/O.
//!
//! The stack must never do I/O, and the shell must never decide anything about the cluster: what
//! happened goes into the stack, what should be done comes out, in one ordered queue. The
//! simulator is a second shell around the very same stack.

pub mod demo;
pub mod directory;
pub mod ipc;
pub mod net;
pub mod options;
pub mod settings;
pub mod shell;
pub mod stack;
