/* Where programs that were compiled with the originals' headers (x86-64) have everything. */
#include <libcman.h>
#include <ccs.h>
#include <stddef.h>

#define AT(type, field, place) _Static_assert(offsetof(type, field) == (place), #type "." #field)
#define IS(value, number) _Static_assert((value) == (number), #value)

IS(sizeof(cman_node_address_t), 132);
AT(cman_node_address_t, cna_address, 4);
IS(sizeof(cman_node_t), 416);
AT(cman_node_t, cn_address, 4);
AT(cman_node_t, cn_name, 136);
AT(cman_node_t, cn_member, 392);
AT(cman_node_t, cn_incarnation, 396);
AT(cman_node_t, cn_jointime, 400);
IS(sizeof(cman_node_extra_t), 20);
IS(sizeof(cman_version_t), 16);
IS(sizeof(cman_cluster_t), 24);
AT(cman_cluster_t, ci_number, 18);
AT(cman_cluster_t, ci_generation, 20);
AT(cman_extra_info_t, ei_ports, 28);
AT(cman_extra_info_t, ei_num_addresses, 60);
AT(cman_extra_info_t, ei_addresses, 64);
IS(sizeof(cman_extra_info_t), 68);
IS(sizeof(cman_qdev_info_t), 264);
AT(cman_qdev_info_t, qi_state, 256);
IS(CMAN_REASON_PORTCLOSED, 0);
IS(CMAN_REASON_STATECHANGE, 1);
IS(CMAN_REASON_PORTOPENED, 2);
IS(CMAN_REASON_TRY_SHUTDOWN, 3);
IS(CMAN_REASON_CONFIG_UPDATE, 4);
IS(CMAN_DISPATCH_IGNORE_MASK, 46);

/* Every function has the type that the headers of the originals give it. */
int (*const calls_with_a_handle[])(cman_handle_t) = {
	cman_finish, cman_stop_notification, cman_stop_confchg, cman_get_fd, cman_is_active,
	cman_is_quorate, cman_get_node_count, cman_get_subsys_count, cman_set_dirty,
	cman_unregister_quorum_device, cman_end_recv_data,
};
int (*const calls_with_a_number[])(cman_handle_t, int) = {
	cman_dispatch, cman_replyto_shutdown, cman_leave_cluster, cman_shutdown,
	cman_set_expected_votes, cman_kill_node, cman_set_debuglog, cman_poll_quorum_device,
};
int *xpath(void) { return &fullxpath; }
