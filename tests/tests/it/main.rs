//! The one integration test binary: scenarios, random worlds, regressions, contract and tidiness.
//!
//! Must never need a network, a privilege or a pause.

mod contract;
mod live;
mod random;
mod regressions;
mod scenarios;
mod tidy;
