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
    /// What a device said of a membership counts for those who are left of it: nobody waits.
    OldWordCounts,
    /// A device that is silent when its time is up is taken to have spoken.
    SilenceVouches,
    /// Nobody waits for what a device says, and what it said before is void.
    NobodyWaits,
    /// A device may take as long as it likes.
    WaitsForEver,
}

#[cfg(feature = "planted")]
impl Planted {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::HalfIsEnough,
        Self::NewcomerRules,
        Self::NotRearmed,
        Self::TieOnBothSides,
        Self::OldWordCounts,
        Self::SilenceVouches,
        Self::NobodyWaits,
        Self::WaitsForEver,
    ];
}
