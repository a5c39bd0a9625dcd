//! Bugs on purpose: the simulator is believed because each of these is found by it.
//!
//! Must never be part of what ships: without the feature `planted` the macro is the constant
//! `false`, so nothing of this is compiled.

/// Whether this bug is planted: `planted!(config, HalfIsEnough)`.
#[cfg(feature = "planted")]
macro_rules! planted {
    ($config:expr, $bug:ident) => {
        $config.planted == Some($crate::Planted::$bug)
    };
}

/// No bug is planted in what ships.
#[cfg(not(feature = "planted"))]
macro_rules! planted {
    ($config:expr, $bug:ident) => {{
        let _: &$crate::Config = &$config;
        false
    }};
}

pub(crate) use planted;

/// A bug that can be planted.
#[cfg(feature = "planted")]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Planted {
    /// Half of the votes are enough.
    HalfIsEnough,
    /// What a newcomer expects counts, whatever it costs the members: as CMAN has it.
    NewcomerRules,
    /// Nobody waits for all nodes after a loss of quorum.
    NotRearmed,
    /// Half of the votes are enough on either side.
    TieOnBothSides,
}

#[cfg(feature = "planted")]
impl Planted {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::HalfIsEnough, Self::NewcomerRules, Self::NotRearmed, Self::TieOnBothSides];
}
