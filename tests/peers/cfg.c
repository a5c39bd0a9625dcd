/* libcfg on the second of three nodes: all but what ends a daemon. */
#include <arpa/inet.h>

#include <corosync/cfg.h>

#include "try.h"

static int asked;

static void shutdown_(corosync_cfg_handle_t handle, corosync_cfg_shutdown_flags_t flags)
{
    printf("asked to agree to a shutdown, flags %d\n", (int)flags);
    SAY(corosync_cfg_replyto_shutdown(handle, COROSYNC_CFG_SHUTDOWN_FLAG_NO));
    asked++;
}

static void addresses(corosync_cfg_handle_t handle, unsigned node)
{
    corosync_cfg_node_address_t list[8];
    int all = 0;
    char text[INET_ADDRSTRLEN];
    memset(list, 0, sizeof list);
    int answer = corosync_cfg_get_node_addrs(handle, node, 8, &all, list);
    printf("corosync_cfg_get_node_addrs(%u): %d\n", node, answer);
    if (answer != CS_OK)
        return;
    for (int n = 0; n < all; n++) {
        struct sockaddr_in *one = (struct sockaddr_in *)list[n].address;
        inet_ntop(AF_INET, &one->sin_addr, text, sizeof text);
        printf("  %s, family %d, %d bytes\n", text, one->sin_family, list[n].address_length);
    }
}

static void status(corosync_cfg_handle_t handle, unsigned node)
{
    struct corosync_cfg_node_status_v1 of;
    memset(&of, 0, sizeof of);
    of.version = CFG_NODE_STATUS_V1;
    printf("corosync_cfg_node_status_get(%u): %d\n", node,
           corosync_cfg_node_status_get(handle, node, CFG_NODE_STATUS_V1, &of));
    printf("  node %u, reachable %u, remote %u, external %u; enabled %u, connected %u, to %s\n",
           of.nodeid, of.reachable, of.remote, of.external, of.link_status[0].enabled,
           of.link_status[0].connected, of.link_status[0].dst_ipaddr);
}

/* Somebody asks for a shutdown, and this program does not agree: a process of its own, as the
 * answer comes after ours. */
static void refuse(corosync_cfg_handle_t handle, int fd)
{
    fflush(stdout);
    int pipes[2];
    if (pipe(pipes))
        exit(1);
    pid_t child = fork();
    if (child == 0) {
        corosync_cfg_handle_t other;
        corosync_cfg_callbacks_t back = { NULL };
        char text[64];
        int first = corosync_cfg_initialize(&other, &back);
        int second = corosync_cfg_try_shutdown(other, COROSYNC_CFG_SHUTDOWN_FLAG_REQUEST);
        int length = snprintf(text, sizeof text, "asked for: %d %d\n", first, second);
        _exit(write(pipes[1], text, (size_t)length) != length);
    }
    while (!asked) {
        await(fd);
        SAY(corosync_cfg_dispatch(handle, CS_DISPATCH_ALL));
    }
    char text[64];
    await(pipes[0]);
    ssize_t length = read(pipes[0], text, sizeof text - 1);
    text[length > 0 ? length : 0] = 0;
    printf("%s", text);
}

int main(void)
{
    corosync_cfg_handle_t handle;
    corosync_cfg_callbacks_t back = { shutdown_ };
    unsigned self = 0, links = 0;
    int32_t fd = -1;
    char **names = NULL, **states = NULL;
    SAY(corosync_cfg_initialize(&handle, &back));
    SAY(corosync_cfg_fd_get(handle, &fd));
    SAY(corosync_cfg_local_get(handle, &self));
    printf("local %u\n", self);
    addresses(handle, 1);
    addresses(handle, 3);
    addresses(handle, 99);
    status(handle, 1);
    status(handle, 2);
    SAY(corosync_cfg_ring_status_get(handle, &names, &states, &links));
    for (unsigned n = 0; n < links; n++) {
        printf("  link %u: %s\n", n, names[n]);
        free(names[n]);
        free(states[n]);
    }
    free(names);
    free(states);
    SAY(corosync_cfg_kill_node(handle, 99, "no reason"));
    SAY(corosync_cfg_replyto_shutdown(handle, COROSYNC_CFG_SHUTDOWN_FLAG_NO));
    SAY(corosync_cfg_trackstart(handle, 0));
    SAY(corosync_cfg_trackstart(handle, 0));
    refuse(handle, fd);
    SAY(corosync_cfg_trackstop(handle));
    SAY(corosync_cfg_reopen_log_files(handle));
    SAY(corosync_cfg_finalize(handle));
    SAY(corosync_cfg_finalize(handle));
    return 0;
}
