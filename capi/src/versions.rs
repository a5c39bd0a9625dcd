//! Which symbol of the shared object has which version: the original tagged some of its functions
//! and forgot others, and the loader compares.
//!
//! Must never depend on how the crate is cut into units of compilation: it is one, as the
//! workspace's profiles say.

/// Gives functions of this crate the version of a node.
macro_rules! versioned {
    ($node:literal: $($name:ident)*) => {
        $(core::arch::global_asm!(concat!(
            ".symver ", stringify!($name), ", ", stringify!($name), "@@@", $node
        ));)*
    };
}

versioned!("COROSYNC_CPG_1.0":
    cpg_context_get cpg_context_set cpg_dispatch cpg_fd_get cpg_finalize cpg_initialize cpg_join
    cpg_leave cpg_mcast_joined cpg_membership_get cpg_zcb_alloc cpg_zcb_free);
versioned!("COROSYNC_QUORUM_1.0":
    quorum_dispatch quorum_finalize quorum_getquorate quorum_initialize);
versioned!("COROSYNC_VOTEQUORUM_1.0":
    votequorum_context_get votequorum_context_set votequorum_finalize votequorum_getinfo
    votequorum_initialize votequorum_qdevice_poll votequorum_qdevice_register
    votequorum_qdevice_unregister votequorum_setexpected votequorum_setvotes votequorum_trackstart
    votequorum_trackstop);
versioned!("COROSYNC_CMAP_1.0": cmap_initialize);
versioned!("COROSYNC_CFG_0.82":
    corosync_cfg_dispatch corosync_cfg_fd_get corosync_cfg_finalize corosync_cfg_initialize
    corosync_cfg_node_status_get corosync_cfg_ring_status_get corosync_cfg_trackstart
    corosync_cfg_trackstop);
