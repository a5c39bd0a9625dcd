//! Functions that are not there yet. Programs bind every symbol when they start, so each must
//! exist; these say `CS_ERR_NOT_SUPPORTED`, whatever they are given.

use std::ffi::c_int;

use crate::error::Cs;

/// Functions that do nothing.
macro_rules! unsupported {
    ($($name:ident)*) => {
        $(
            /// Not supported.
            #[unsafe(no_mangle)]
            pub extern "C-unwind" fn $name() -> c_int {
                Cs::NotSupported.code()
            }
        )*
    };
}

unsupported!(
    cpg_initialize cpg_model_initialize cpg_finalize cpg_fd_get cpg_max_atomic_msgsize_get
    cpg_context_get cpg_context_set cpg_dispatch cpg_join cpg_leave cpg_mcast_joined
    cpg_membership_get cpg_local_get cpg_flow_control_state_get cpg_zcb_alloc cpg_zcb_free
    cpg_zcb_mcast_joined cpg_iteration_initialize cpg_iteration_next cpg_iteration_finalize
);
unsupported!(
    cmap_initialize cmap_initialize_map cmap_finalize cmap_fd_get cmap_dispatch cmap_context_get
    cmap_context_set cmap_set cmap_set_int8 cmap_set_uint8 cmap_set_int16 cmap_set_uint16
    cmap_set_int32 cmap_set_uint32 cmap_set_int64 cmap_set_uint64 cmap_set_float cmap_set_double
    cmap_set_string cmap_delete cmap_get cmap_get_int8 cmap_get_uint8 cmap_get_int16 cmap_get_uint16
    cmap_get_int32 cmap_get_uint32 cmap_get_int64 cmap_get_uint64 cmap_get_float cmap_get_double
    cmap_get_string cmap_inc cmap_dec cmap_iter_init cmap_iter_next cmap_iter_finalize
    cmap_track_add cmap_track_delete
);
unsupported!(
    quorum_initialize quorum_model_initialize quorum_finalize quorum_fd_get quorum_dispatch
    quorum_getquorate quorum_trackstart quorum_trackstop quorum_context_set quorum_context_get
);
unsupported!(
    votequorum_initialize votequorum_finalize votequorum_dispatch votequorum_fd_get
    votequorum_getinfo votequorum_setexpected votequorum_setvotes votequorum_trackstart
    votequorum_trackstop votequorum_context_get votequorum_context_set votequorum_qdevice_register
    votequorum_qdevice_unregister votequorum_qdevice_update votequorum_qdevice_poll
    votequorum_qdevice_master_wins
);
unsupported!(
    corosync_cfg_initialize corosync_cfg_fd_get corosync_cfg_dispatch corosync_cfg_finalize
    corosync_cfg_ring_status_get corosync_cfg_node_status_get corosync_cfg_kill_node
    corosync_cfg_trackstart corosync_cfg_trackstop corosync_cfg_try_shutdown
    corosync_cfg_replyto_shutdown corosync_cfg_get_node_addrs corosync_cfg_local_get
    corosync_cfg_reload_config corosync_cfg_reopen_log_files
);
