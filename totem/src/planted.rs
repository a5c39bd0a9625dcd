//! Bugs on purpose: the simulator is believed because each of these is found by it, one at a time.
//!
//! Must never be part of what ships: without the feature `planted` the type [`Plant`] is empty and
//! the macro `planted!` is the constant `false`, so nothing of this is compiled. With the feature
//! (the `tests` crate turns it on for its own builds, and nothing else does) a ring is still
//! correct until somebody plants a bug with `Config::with_planted`; no file, option or packet can.
//!
//! Each bug is a line or two at the place where a hasty author would make it, or forget it. The
//! test `tests/tests/it/planted.rs` demands that every one breaks a property within 2,000 seeds.

/// Where a planted bug is kept, if there is one. Of no size in what ships.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Plant {
    #[cfg(feature = "planted")]
    bug: Option<Planted>,
}

#[cfg(feature = "planted")]
impl Plant {
    /// Plants this bug, or none.
    #[must_use]
    pub const fn new(bug: Option<Planted>) -> Self {
        Self { bug }
    }

    /// What is planted.
    #[must_use]
    pub const fn bug(self) -> Option<Planted> {
        self.bug
    }
}

/// Whether this bug is planted: `planted!(local.config.plant, DropTail)`; or, what is done wrong
/// if it is: `planted!(local.config.plant, DropTail => return)`.
#[cfg(feature = "planted")]
#[doc(hidden)]
#[macro_export]
macro_rules! planted {
    ($plant:expr, $bug:ident) => {
        $plant.bug() == Some($crate::Planted::$bug)
    };
    ($plant:expr, $bug:ident => $wrong:expr) => {
        if $plant.bug() == Some($crate::Planted::$bug) {
            $wrong;
        }
    };
}

/// No bug is planted in what ships.
#[cfg(not(feature = "planted"))]
#[doc(hidden)]
#[macro_export]
macro_rules! planted {
    ($plant:expr, $bug:ident) => {{
        let _empty: $crate::Plant = $plant;
        false
    }};
    ($plant:expr, $bug:ident => $wrong:expr) => {
        let _empty: $crate::Plant = $plant;
    };
}

/// The enumeration, and the list of all: one cannot forget what the other has.
#[cfg(feature = "planted")]
macro_rules! bugs {
    ($($(#[$story:meta])* $bug:ident,)+) => {
        /// A bug that can be planted.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Planted {
            $($(#[$story])* $bug,)+
        }

        impl Planted {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$bug,)+];
        }
    };
}

#[cfg(feature = "planted")]
bugs! {
    // -- delivery ---------------------------------------------------------------------------
    /// A gap in the order is passed over as if it were filled.
    DeliverPastGap,
    /// Safe messages are sent as if agreed delivery had been asked for.
    SafeAsAgreed,
    /// One rotation with the same aru counts as proof that everyone has received.
    SafeAfterOneRotation,
    /// Frames are forgotten when they are delivered, whoever still lacks them.
    DiscardTooEarly,
    /// Frames of another ring are taken for frames of this one.
    ForeignFrameAccepted,
    // -- changing over ----------------------------------------------------------------------
    /// The transitional configuration is not announced.
    SkipTransitional,
    /// What remains of the old ring is delivered after the regular configuration.
    RegularBeforeTail,
    /// What remains of the old ring is not delivered at all.
    DropTail,
    /// Messages behind a gap are delivered whoever sent them.
    StrangersBehindGap,
    /// Safe messages of the old ring are delivered in its regular configuration on one member's
    /// own word.
    SafeInOldRing,
    /// A half-sent message goes on in the next ring where it stopped.
    KeepPartials,
    /// Fragments of the old ring wait for their continuation in the next.
    KeepAssemblies,
    // -- recovery ---------------------------------------------------------------------------
    /// One of the messages that this member owes the others is not sent.
    ForgetRecoveryMessage,
    /// What a failed recovery promised is forgotten by the next one.
    IgnoreDeliverSet,
    /// The first quiet visit ends recovery, whatever the others still lack.
    RecoveryEndsEarly,
    /// A recovered message is kept although it is of a ring this member was not in.
    AnyRingRecovered,
    /// Whoever was in the old ring counts as coming from it.
    StrangersAreCompanions,
    // -- process groups ---------------------------------------------------------------------
    /// Members stay in their groups when their node is gone.
    GroupsKeepTheDead,
    /// Nobody is told that a program ended that had not left its group.
    GroupsForgetTheKilled,
    // -- token ------------------------------------------------------------------------------
    /// A member that lacks something leaves the aru as high as the sequence.
    AruNotLowered,
    /// Any member raises an aru that another has lowered.
    AruRaisedByAnyone,
    /// A token that was here before is used again.
    StaleTokenAccepted,
    /// A token meant for another member is used.
    TokenForAnyone,
    /// A token that got lost is not sent again.
    NoTokenRetransmit,
    /// Nobody asks for what is missing.
    HolesNeverRequested,
    /// Places are compared as plain numbers, wrap or not.
    PlainIntegerCompare,
    /// A ring whose token is lost waits for it.
    TokenLossIgnored,
    // -- membership -------------------------------------------------------------------------
    /// A commit token that does not come back is waited for.
    CommitLossIgnored,
    /// The last member builds the commit token, not the first.
    WrongRepresentative,
    /// Nobody is failed for being silent.
    SilentNeverFailed,
    /// A ring in use never answers strangers.
    StrangersIgnored,
    // -- storage, services, packets ---------------------------------------------------------
    /// A restarted node begins its ring sequence anew.
    DiskIgnored,
    /// The commit token goes on while its ring sequence is still being written.
    StoreAfterSpeaking,
    /// Applications may talk as soon as a ring is installed.
    DataLaneOpenEarly,
    /// The first barrier ends the exchange of states.
    BarrierNotAwaited,
    /// Half of the votes make a quorum.
    HalfIsQuorum,
    /// Whoever is on the ring is a member, whatever configuration it goes by.
    VersionsIgnored,
    /// Who refuses a configuration is taken to accept it.
    RefusalsAccepted,
    /// A sealed packet may be opened as often as it comes.
    ReplayWindowOff,
}
