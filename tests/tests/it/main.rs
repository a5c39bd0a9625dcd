//! The one integration test binary: scenarios, random worlds, planted bugs, regressions, contract
//! and tidiness.
//!
//! Must never need a network, a privilege or a pause.

mod contract;
mod directory;
mod ghosts;
mod hostile;
mod live;
mod managers;
#[cfg(feature = "planted")]
mod planted;
mod random;
mod regressions;
mod scenarios;
mod tidy;
mod voting;
