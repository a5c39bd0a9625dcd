//! What the schema holds: keys in the order of their numbers below our arc, and classes.
//!
//! Must never lose or move a word or a row: its place is its number. The classes of CMAN have its
//! numbers, and so have the keys of which they are known. Fence devices and resources take what
//! their agents take; what is missing here a server's own schema can add.

use super::{Class, class, ours};

const CMAN: &str = "\
    two_node expected_votes cluster_id hash_cluster_id nodename port keyfile broadcast transport \
    upgrading disallowed quorum_dev_poll shutdown_timeout ccsd_poll startup_config_timeout \
    max_queued debug_mask disable_openais realtime next_keyfile wait_for_all auto_tie_breaker \
    last_man_standing last_man_standing_window allow_downscale ldap_watch ldap_watch_interval";
const MULTICAST: &str = "\
    addr ttl port";
const TOTEM: &str = "\
    token token_retransmits_before_loss_const token_retransmit hold join send_join consensus \
    merge downcheck fail_recv_const seqno_unchanged_const window_size max_messages \
    miss_count_const netmtu rrp_mode rrp_problem_count_timeout rrp_problem_count_threshold \
    rrp_problem_count_mcast_threshold rrp_token_expired_timeout rrp_autorecovery_check_timeout \
    heartbeat_failures_allowed max_network_delay secauth keyfile key transport crypto_type \
    crypto_accept version nodeid vsftype threads clear_node_high_bit";
const INTERFACE: &str = "\
    ringnumber bindnetaddr mcastaddr mcastport broadcast ttl";
const QUORUMD: &str = "\
    device label cman_label interval tko tko_up upgrade_wait master_wait votes min_score reboot \
    allow_kill paranoid io_timeout stop_cman use_uptime master_wins scheduler priority \
    max_error_cycles status_file log_level log_facility";
const HEURISTIC: &str = "\
    program score interval tko";
const NODE: &str = "\
    nodeid votes weight";
const ALTNAME: &str = "\
    port mcast ttl";
const FENCE: &str = "\
    agent username password ipaddr port action option login passwd passwd_script nodename node \
    module_name switch secure ssl identity_file inet4_only inet6_only ipport power_wait \
    power_timeout shell_timeout login_timeout retry_on delay timeout lanplus method cipher \
    privlvl auth hexadecimal_kg snmp_version community snmp_priv_prot snmp_auth_prot \
    snmp_sec_level snmp_priv_passwd snmp_priv_passwd_script drac_version cmd_prompt modulename \
    blade vmware_type vmware_datacenter exec separator uuid domain hostname key devices aptpl \
    logfile use_uuid multicast_address multicast_interface serial_device serial_params hash uri \
    key_file family interface network_mask vmid userid server managed subsystem missing_as_off \
    debug verbose self vmmonitor hmc_version partition";
const FENCE_DAEMON: &str = "\
    post_join_delay post_fail_delay override_path override_time clean_start skip_undefined";
const FENCE_XVMD: &str = "\
    debug port use_uuid multicast_address auth hash uri key_file multicast_interface";
const PLOCKS: &str = "\
    enable_fencing enable_quorum enable_deadlk enable_plock enable_withdraw plock_debug \
    plock_rate_limit plock_ownership drop_resources_time drop_resources_count drop_resources_age \
    log_debug timewarn protocol";
const LOGGING: &str = "\
    to_syslog to_logfile to_stderr syslog_facility syslog_priority logfile_priority logfile \
    debug timestamp subsys";
const RM: &str = "\
    log_level log_facility status_poll_interval status_child_max statusmax transition_throttling \
    central_processing disabled";
const DOMAIN: &str = "\
    ordered restricted nofailback";
const EVENT: &str = "\
    class priority service service_state service_owner node node_id node_state node_clean \
    node_local file";
const SERVICE: &str = "\
    domain autostart hardrecovery exclusive nfslock nfs_client_cache recovery depend depend_mode \
    max_restarts restart_expire_time priority";
const VM: &str = "\
    domain autostart hardrecovery exclusive recovery migration_mapping use_virsh xmlfile migrate \
    path snapshot depend depend_mode max_restarts restart_expire_time status_program hypervisor \
    hypervisor_uri migration_uri";
const RESOURCE: &str = "\
    ref __independent_subtree __enforce_timeouts __max_failures __failure_expire_time \
    service_name";
const STORAGE: &str = "\
    mountpoint device fstype force_unmount quick_status self_fence nfslock fsid force_fsck \
    options host export no_unmount vg_name lv_name path";
const NFSCLIENT: &str = "\
    target path svcname fsid use_cache options allow_recover";
const IP: &str = "\
    address family monitor_link nfslock sleeptime prefer_interface disable_rdisc";
const SERVER: &str = "\
    file workgroup server_root config_file httpd_options slapd_options url_list shutdown_wait \
    smbd_options nmbd_options listen_address mysqld_options postmaster_user postmaster_options \
    catalina_options catalina_base tomcat_user named_options named_sdb named_working_dir user \
    home type vhost listener_name resource db_user sybase_home sybase_ase server_name login_file \
    interfaces_file shutdown_timeout start_timeout deep_probe_timeout";
const SAP: &str = "\
    InstanceName DIR_EXECUTABLE DIR_PROFILE START_PROFILE START_WAITTIME AUTOMATIC_RECOVER \
    ERS_InstanceName ERS_START_PROFILE SID DBTYPE DBJ2EE_ONLY JAVA_HOME STRICT_MONITORING \
    NETSERVICENAME DIR_BOOTSTRAP DIR_SECSTORE PRE_START_USEREXIT POST_START_USEREXIT \
    PRE_STOP_USEREXIT POST_STOP_USEREXIT";
const ACTION: &str = "\
    depth interval timeout";

/// Keys; a number is that of CMAN's schema.
pub(super) const ATTRIBUTES: &str = "\
    config_version=1 nodeid=2 cluster_id=3 votes=4 two_node=5 expected_votes=6 max_queued=7 \
    token=8 agent=9 username=10 password=11 ipaddr=12 port=13 fail_recv_const=278 \
    hash_cluster_id nodename keyfile broadcast transport upgrading disallowed quorum_dev_poll \
    shutdown_timeout ccsd_poll startup_config_timeout debug_mask disable_openais addr ttl \
    token_retransmits_before_loss_const token_retransmit hold join send_join consensus merge \
    downcheck seqno_unchanged_const window_size max_messages miss_count_const netmtu rrp_mode \
    rrp_problem_count_timeout rrp_problem_count_threshold rrp_problem_count_mcast_threshold \
    rrp_token_expired_timeout rrp_autorecovery_check_timeout heartbeat_failures_allowed \
    max_network_delay secauth key crypto_type crypto_accept version vsftype threads \
    clear_node_high_bit ringnumber bindnetaddr mcastaddr mcastport device label cman_label \
    interval tko tko_up upgrade_wait master_wait min_score reboot allow_kill paranoid io_timeout \
    stop_cman use_uptime master_wins scheduler priority max_error_cycles status_file log_level \
    log_facility program score weight mcast action option login passwd passwd_script node \
    module_name switch secure ssl identity_file inet4_only inet6_only ipport power_wait \
    power_timeout shell_timeout login_timeout retry_on delay timeout lanplus method cipher \
    privlvl auth hexadecimal_kg snmp_version community snmp_priv_prot snmp_auth_prot \
    snmp_sec_level snmp_priv_passwd snmp_priv_passwd_script drac_version cmd_prompt modulename \
    blade vmware_type vmware_datacenter exec separator uuid domain hostname devices aptpl \
    logfile use_uuid multicast_address multicast_interface serial_device serial_params hash uri \
    key_file family interface network_mask vmid userid server managed subsystem missing_as_off \
    debug verbose self vmmonitor hmc_version partition post_join_delay post_fail_delay \
    override_path override_time clean_start skip_undefined enable_fencing enable_quorum \
    enable_deadlk enable_plock enable_withdraw plock_debug plock_rate_limit plock_ownership \
    drop_resources_time drop_resources_count drop_resources_age log_debug timewarn protocol \
    to_syslog to_logfile to_stderr syslog_facility syslog_priority logfile_priority timestamp \
    subsys status_poll_interval status_child_max statusmax transition_throttling \
    central_processing disabled ordered restricted nofailback class service service_state \
    service_owner node_id node_state node_clean node_local file autostart hardrecovery exclusive \
    nfslock nfs_client_cache recovery depend depend_mode max_restarts restart_expire_time \
    migration_mapping use_virsh xmlfile migrate path snapshot status_program hypervisor \
    hypervisor_uri migration_uri ref __independent_subtree __enforce_timeouts __max_failures \
    __failure_expire_time service_name mountpoint fstype force_unmount quick_status self_fence \
    fsid force_fsck options host export no_unmount vg_name lv_name target svcname use_cache \
    allow_recover address monitor_link sleeptime prefer_interface disable_rdisc workgroup \
    server_root config_file httpd_options slapd_options url_list shutdown_wait smbd_options \
    nmbd_options listen_address mysqld_options postmaster_user postmaster_options \
    catalina_options catalina_base tomcat_user named_options named_sdb named_working_dir user \
    home type vhost listener_name resource db_user sybase_home sybase_ase server_name login_file \
    interfaces_file start_timeout deep_probe_timeout InstanceName DIR_EXECUTABLE DIR_PROFILE \
    START_PROFILE START_WAITTIME AUTOMATIC_RECOVER ERS_InstanceName ERS_START_PROFILE SID DBTYPE \
    DBJ2EE_ONLY JAVA_HOME STRICT_MONITORING NETSERVICENAME DIR_BOOTSTRAP DIR_SECSTORE \
    PRE_START_USEREXIT POST_START_USEREXIT PRE_STOP_USEREXIT POST_STOP_USEREXIT depth \
    groupd_compat nodir uid gid realtime next_keyfile wait_for_all auto_tie_breaker \
    last_man_standing last_man_standing_window allow_downscale ldap_watch ldap_watch_interval";

pub(super) const CLASSES: &[Class] = &[
    class("cluster", 1, "config_version name", &[]),
    class("cman", 3, "", &[CMAN]),
    class("totem", 4, "", &[TOTEM]),
    class("fencedevice", 5, "agent name", &[FENCE]),
    class("device", 6, "name", &[FENCE]),
    class("method", 7, "name", &[]),
    class("multicast", 8, "addr", &[MULTICAST]),
    class("clusternode", 10, "nodeid name", &[NODE]),
    class("altname", 11, "name", &[ALTNAME]),
    class("dlm", 12, "", &[PLOCKS]),
    class("gfs_controld", 13, "", &[PLOCKS]),
    class("lockspace", 14, "name", &["nodir"]),
    class("master", 15, "name", &["weight"]),
    class("group", 16, "", &["groupd_compat"]),
    class("fence_xvmd", 18, "", &[FENCE_XVMD]),
    class("logging", 19, "", &[LOGGING]),
    class("rm", 21, "", &[RM]),
    class("failoverdomain", 23, "name", &[DOMAIN]),
    class("failoverdomainnode", 24, "name", &["priority"]),
    class("event", 26, "name", &[EVENT]),
    class("fence_daemon", 28, "", &[FENCE_DAEMON]),
    class("quorumd", 29, "", &[QUORUMD]),
    class("heuristic", 30, "program", &[HEURISTIC]),
    class("service", 31, "", &[SERVICE, RESOURCE]),
    class("ip", 32, "", &[IP, RESOURCE]),
    class("nfsclient", 33, "", &[NFSCLIENT, RESOURCE]),
    class("nfsexport", 34, "", &[STORAGE, RESOURCE]),
    class("script", 35, "", &[SERVER, RESOURCE]),
    class("netfs", 36, "", &[STORAGE, RESOURCE]),
    class("clusterfs", 37, "", &[STORAGE, RESOURCE]),
    class("smb", 38, "", &[SERVER, RESOURCE]),
    class("apache", 39, "", &[SERVER, RESOURCE]),
    class("openldap", 40, "", &[SERVER, RESOURCE]),
    class("samba", 41, "", &[SERVER, RESOURCE]),
    class("mysql", 42, "", &[SERVER, RESOURCE]),
    class("postgres-8", 43, "", &[SERVER, RESOURCE]),
    class("tomcat-5", 44, "", &[SERVER, RESOURCE]),
    class("lvm", 45, "", &[STORAGE, RESOURCE]),
    class("vm", 46, "", &[VM, RESOURCE]),
    class("SAPInstance", 47, "", &[SAP, RESOURCE]),
    class("SAPDatabase", 48, "", &[SAP, RESOURCE]),
    class("named", 49, "", &[SERVER, RESOURCE]),
    class("ASEHAagent", 50, "", &[SERVER, RESOURCE]),
    class("fs", 51, "", &[STORAGE, RESOURCE]),
    class("oracledb", 52, "", &[SERVER, RESOURCE]),
    class("action", 53, "name", &[ACTION]),
    class("interface", 56, "", &[INTERFACE]),
    class("logging_daemon", 57, "name", &[LOGGING]),
    class("drbd", 58, "", &["resource", RESOURCE]),
    class("clvmd", 59, "", &["interface"]),
    ours("altmulticast", &[MULTICAST]),
    ours("uidgid", &["uid gid"]),
];
