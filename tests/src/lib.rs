//! Evidence: a simulated world around the very code that ships, and judges who know the literature.
//!
//! Must never be linked by anything that ships, and never replace a part of what it tests.
//!
//! Reading a failure: every report ends with the command that runs its seed again and prints a line
//! per occurrence. A run depends on its seed alone, so what failed once fails again.
//!
//! - [`plan`] says what a world is made of and draws one from a seed;
//! - [`world`] runs it: virtual clock, nodes, network, faults;
//! - [`check`] judges every event, one file per property;
//! - [`hostile`] plays what only an insider could send;
//! - [`script`] is the language of `scenarios/*.txt`;
//! - [`campaign`] runs many seeds;
//! - [`mod@groups`] kills programs in process groups;
//! - [`kills`] kills real daemons in the midst of changes of the configuration;
//! - [`lab`] runs real daemons on hosts that exist for one test;
//! - [`managers`] runs programs that nobody here wrote;
//! - [`mod@bench`] measures how fast all this is.

pub mod airlock;
pub mod bench;
pub mod campaign;
pub mod check;
pub mod conf;
pub mod disk;
mod ear;
pub mod faults;
pub mod figures;
pub mod groups;
pub mod guest;
pub mod hostile;
pub mod kills;
pub mod lab;
pub mod managers;
pub mod message;
pub mod network;
pub mod node;
pub mod plan;
pub mod programs;
pub mod rng;
pub mod script;
pub mod trace;
pub mod violation;
pub mod world;
