/* libvotequorum on a node of three that are quorate, without a device in the configuration. */
#include <corosync/votequorum.h>

#include "try.h"

static int calls;
static votequorum_ring_id_t ring;

static void quorum(votequorum_handle_t handle, uint64_t context, uint32_t quorate, uint32_t all,
           votequorum_node_t *list)
{
    (void)handle, (void)context;
    printf("quorum: quorate %u,", quorate);
    /* They come in any order. */
    for (uint32_t id = 1; id < 9; id++)
        for (uint32_t n = 0; n < all; n++)
            if (list[n].nodeid == id)
                printf(" %u in state %u", id, list[n].state);
    printf("\n");
    calls |= 1;
}

static void nodes(votequorum_handle_t handle, uint64_t context, votequorum_ring_id_t id,
          uint32_t all, uint32_t *list)
{
    (void)handle, (void)context;
    printf("nodes:");
    for (uint32_t n = 0; n < all; n++)
        printf(" %u", list[n]);
    printf(", sequence %d\n", id.seq != 0);
    ring = id;
    calls |= 2;
}

static void expected(votequorum_handle_t handle, uint64_t context, uint32_t votes)
{
    (void)handle, (void)context;
    printf("expected: %u\n", votes);
}

static void info(votequorum_handle_t handle, unsigned node)
{
    struct votequorum_info of;
    memset(&of, 0, sizeof of);
    int answer = votequorum_getinfo(handle, node, &of);
    printf("votequorum_getinfo(%u): %d\n", node, answer);
    if (answer == CS_OK)
        printf("  state %u, votes %u, expects %u, highest %u, total %u, quorum %u, "
               "flags %#x, device %u %s\n",
               of.node_state, of.node_votes, of.node_expected_votes, of.highest_expected,
               of.total_votes, of.quorum, of.flags, of.qdevice_votes, of.qdevice_name);
}

int main(void)
{
    votequorum_handle_t handle;
    votequorum_callbacks_t back = { quorum, expected, nodes };
    int fd = -1;
    void *context = &fd;

    SAY(votequorum_initialize(&handle, &back));
    SAY(votequorum_fd_get(handle, &fd));
    SAY(votequorum_context_set(handle, &calls));
    SAY(votequorum_context_get(handle, &context));
    printf("context: %d\n", context == &calls);
    info(handle, 0);
    info(handle, 1);
    info(handle, 3);
    info(handle, 99);
    SAY(votequorum_trackstart(handle, 7, CS_TRACK_CURRENT | CS_TRACK_CHANGES));
    while (calls != 3) {
        await(fd);
        SAY(votequorum_dispatch(handle, CS_DISPATCH_ONE));
    }
    printf("readable: %d\n", readable(fd));
    SAY(votequorum_trackstart(handle, 7, CS_TRACK_CHANGES));
    SAY(votequorum_setexpected(handle, 1));
    SAY(votequorum_setexpected(handle, 3));
    SAY(votequorum_setvotes(handle, 99, 1));
    SAY(votequorum_setvotes(handle, 1, 1));
    SAY(votequorum_qdevice_poll(handle, "device", 1, ring));
    SAY(votequorum_qdevice_unregister(handle, "device"));
    SAY(votequorum_trackstop(handle));
    SAY(votequorum_finalize(handle));
    SAY(votequorum_finalize(handle));
    return 0;
}
