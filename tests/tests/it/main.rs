//! Evidence (under construction).

mod contract;
