/*
 * libcman, version 3: what fence managers, resource managers and their kin ask of the cluster
 * daemon of their node. Link with -lcman.
 *
 * Calls return 0 or a number, and -1 with errno when they fail; EHOSTDOWN says that the daemon is
 * gone. Calls that change the cluster need a handle of cman_admin_init(), and fail with EPERM on
 * another; data, ports and notifications need one of cman_init(), and fail with EINVAL on another.
 */
#ifndef CLUSTER_LIBCMAN_H
#define CLUSTER_LIBCMAN_H

#include <stdint.h>
#include <sys/socket.h>
#include <sys/time.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LIBCMAN_VERSION 3

#define MAX_CLUSTER_NAME_LEN 16
#define CMAN_MAX_ADDR_LEN sizeof(struct sockaddr_storage)
#define CMAN_MAX_NODENAME_LEN 255
#define CMAN_MAX_FENCE_AGENT_NAME_LEN 255

/* Node ids with a meaning: this node, the quorum device, and for cman_send_data() all nodes. */
#define CMAN_NODEID_US 0
#define CMAN_NODEID_QDISK -1
#define CMAN_NODEID_ALL 0

typedef void *cman_handle_t;

/*
 * What a notification is about. arg is: the verdict of the vote counter (1 or 0), the flags of
 * cman_shutdown(), the new version; for ports the id of the node, not the port.
 */
typedef enum {
	CMAN_REASON_PORTCLOSED = 0,
	CMAN_REASON_STATECHANGE = 1,
	CMAN_REASON_PORTOPENED = 2,
	CMAN_REASON_TRY_SHUTDOWN = 3,
	CMAN_REASON_CONFIG_UPDATE = 4
} cman_call_reason_t;

#define CMAN_LEAVEFLAG_DOWN 0
#define CMAN_LEAVEFLAG_REMOVED 3
#define CMAN_LEAVEFLAG_FORCE 0x10

/* Nobody can object; the others expect the votes of this node no longer. */
#define CMAN_SHUTDOWN_ANYWAY 1
#define CMAN_SHUTDOWN_REMOVED 2

#define CMAN_DISPATCH_ONE 0
#define CMAN_DISPATCH_ALL 1
#define CMAN_DISPATCH_BLOCKING 2
#define CMAN_DISPATCH_IGNORE_REPLY 4
#define CMAN_DISPATCH_IGNORE_DATA 8
#define CMAN_DISPATCH_IGNORE_EVENT 16
#define CMAN_DISPATCH_TYPE_MASK 3
#define CMAN_DISPATCH_IGNORE_MASK 46

#define CMAN_EXTRA_FLAG_2NODE 1
#define CMAN_EXTRA_FLAG_ERROR 2
#define CMAN_EXTRA_FLAG_SHUTDOWN 4
#define CMAN_EXTRA_FLAG_DISALLOWED 8
#define CMAN_EXTRA_FLAG_DIRTY 16
#define CMAN_EXTRA_FLAG_DISALLOWED_ENABLED 32

/* cman_barrier_register(): flags. */
#define BARRIER_ATTR_AUTODELETE 1

/* cman_barrier_change(): what is changed; seconds for the timeout. */
#define BARRIER_SETATTR_AUTODELETE 1
#define BARRIER_SETATTR_ENABLED 3
#define BARRIER_SETATTR_NODES 4
#define BARRIER_SETATTR_TIMEOUT 6

#define CMAN_DEBUGLOG_NONE 0
#define CMAN_DEBUGLOG_BARRIER 2
#define CMAN_DEBUGLOG_MEMBERSHIP 4
#define CMAN_DEBUGLOG_DAEMON 8
#define CMAN_DEBUGLOG_AIS 16

typedef struct cman_node_address {
	int cna_addrlen;
	char cna_address[CMAN_MAX_ADDR_LEN];
} cman_node_address_t;

typedef struct cman_node {
	int cn_nodeid;
	cman_node_address_t cn_address;
	char cn_name[CMAN_MAX_NODENAME_LEN + 1];
	int cn_member;
	int cn_incarnation;
	struct timeval cn_jointime;
} cman_node_t;

typedef struct cman_node_extra {
	int cnx_nodeid;
	int cnx_state; /* 1 joining, 2 member, 3 dead, 4 leaving, 5 kept out */
	int cnx_votes;
	int cnx_expected_votes;
	int cnx_leave_reason;
} cman_node_extra_t;

typedef struct cman_version {
	unsigned int cv_major;
	unsigned int cv_minor;
	unsigned int cv_patch;
	unsigned int cv_config;
} cman_version_t;

typedef struct cman_cluster {
	char ci_name[MAX_CLUSTER_NAME_LEN + 1];
	uint16_t ci_number;
	uint32_t ci_generation;
} cman_cluster_t;

typedef struct cman_extra_info {
	int ei_node_state;
	int ei_flags;
	int ei_node_votes;
	int ei_total_votes;
	int ei_expected_votes;
	int ei_quorum;
	int ei_members;
	char ei_ports[32];
	int ei_num_addresses;
	char ei_addresses[1]; /* that many multicast addresses, then that many of this node */
} cman_extra_info_t;

typedef struct cman_qdev_info {
	char qi_name[CMAN_MAX_NODENAME_LEN + 1];
	int qi_state;
	int qi_votes;
} cman_qdev_info_t;

typedef void (*cman_callback_t)(cman_handle_t handle, void *privdata, int reason, int arg);
typedef void (*cman_datacallback_t)(cman_handle_t handle, void *privdata, char *buf, int len,
				    uint8_t port, int nodeid);
typedef void (*cman_confchgcallback_t)(cman_handle_t handle, void *privdata,
				       unsigned int *member_list, int member_list_entries,
				       unsigned int *left_list, int left_list_entries,
				       unsigned int *joined_list, int joined_list_entries);

/* Handles. */
cman_handle_t cman_init(void *privdata);
cman_handle_t cman_admin_init(void *privdata);
int cman_finish(cman_handle_t handle);
int cman_setprivdata(cman_handle_t handle, void *privdata);
int cman_getprivdata(cman_handle_t handle, void **privdata);

/* Being told: wait for the descriptor, then dispatch. */
int cman_start_notification(cman_handle_t handle, cman_callback_t callback);
int cman_stop_notification(cman_handle_t handle);
int cman_start_confchg(cman_handle_t handle, cman_confchgcallback_t callback);
int cman_stop_confchg(cman_handle_t handle);
int cman_get_fd(cman_handle_t handle);
int cman_dispatch(cman_handle_t handle, int flags);
int cman_replyto_shutdown(cman_handle_t handle, int yesno);

/* Questions. */
int cman_is_active(cman_handle_t handle);
int cman_is_quorate(cman_handle_t handle);
int cman_is_listening(cman_handle_t handle, int nodeid, uint8_t port);
int cman_get_version(cman_handle_t handle, cman_version_t *version);
int cman_get_cluster(cman_handle_t handle, cman_cluster_t *cluster);
int cman_get_extra_info(cman_handle_t handle, cman_extra_info_t *info, int maxlen);
int cman_get_node_count(cman_handle_t handle);
int cman_get_subsys_count(cman_handle_t handle);
int cman_get_nodes(cman_handle_t handle, int maxnodes, int *retnodes, cman_node_t *nodes);
int cman_get_disallowed_nodes(cman_handle_t handle, int maxnodes, int *retnodes,
			      cman_node_t *nodes);
/* By name where node->cn_name is not empty: clear it to ask by id. */
int cman_get_node(cman_handle_t handle, int nodeid, cman_node_t *node);
int cman_get_node_extra(cman_handle_t handle, int nodeid, cman_node_extra_t *node);
int cman_get_node_addrs(cman_handle_t handle, int nodeid, int max_addrs, int *num_addrs,
			cman_node_address_t *addrs);
int cman_get_quorum_device(cman_handle_t handle, cman_qdev_info_t *info);
int cman_get_fenceinfo(cman_handle_t handle, int nodeid, uint64_t *fence_time, int *fenced,
		       char *agent);

/* Changes. */
int cman_set_version(cman_handle_t handle, const cman_version_t *version);
int cman_set_votes(cman_handle_t handle, int votes, int nodeid);
int cman_set_expected_votes(cman_handle_t handle, int votes);
int cman_kill_node(cman_handle_t handle, int nodeid);
int cman_leave_cluster(cman_handle_t handle, int reason);
int cman_shutdown(cman_handle_t handle, int flags);
int cman_set_dirty(cman_handle_t handle);
int cman_set_debuglog(cman_handle_t handle, int subsystems);
int cman_node_fenced(cman_handle_t handle, int nodeid, uint64_t fence_time, char *agent);
int cman_register_quorum_device(cman_handle_t handle, char *name, int votes);
int cman_update_quorum_device(cman_handle_t handle, char *name, int votes);
int cman_unregister_quorum_device(cman_handle_t handle);
int cman_poll_quorum_device(cman_handle_t handle, int isavailable);

/* Data: at most 1500 bytes; port 0 is that of the handle. */
int cman_send_data(cman_handle_t handle, const void *buf, int len, int flags, uint8_t port,
		   int nodeid);
int cman_start_recv_data(cman_handle_t handle, cman_datacallback_t callback, uint8_t port);
int cman_end_recv_data(cman_handle_t handle);

/* Barriers: names of at most 32 bytes; for so many nodes, 0 for all members. */
int cman_barrier_register(cman_handle_t handle, const char *name, int flags, int nodes);
int cman_barrier_change(cman_handle_t handle, const char *name, int flags, int arg);
int cman_barrier_wait(cman_handle_t handle, const char *name);
int cman_barrier_delete(cman_handle_t handle, const char *name);

#ifdef __cplusplus
}
#endif

#endif
