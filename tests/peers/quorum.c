/* libquorum, all of it, on a node of a quorate cluster. */
#include <corosync/quorum.h>

#include "try.h"

static uint64_t sequence;
static char lists[64], votes[64];
static int calls;

static void list(char *to, size_t size, const char *what, uint32_t all, const uint32_t *ids)
{
    int at = snprintf(to, size, "%s:", what);
    for (uint32_t n = 0; n < all; n++)
        at += snprintf(to + at, size - (size_t)at, " %u", ids[n]);
}

static void old(quorum_handle_t handle, uint32_t quorate, uint64_t seq, uint32_t all, uint32_t *ids)
{
    (void)handle;
    char text[64];
    list(text, sizeof text, "members", all, ids);
    printf("v0: quorate %u, sequence %d, %s\n", quorate, seq != 0, text);
    sequence = seq;
    calls++;
}

static void quorate(quorum_handle_t handle, uint32_t yes, struct quorum_ring_id id, uint32_t all,
            const uint32_t *ids)
{
    (void)handle;
    list(votes, sizeof votes, "members", all, ids);
    printf("v1: quorate %u, %s, the same sequence: %d\n", yes, votes, id.seq == sequence);
    calls++;
}

static void nodes(quorum_handle_t handle, struct quorum_ring_id id, uint32_t all,
          const uint32_t *ids, uint32_t came, const uint32_t *new, uint32_t went,
          const uint32_t *gone)
{
    (void)handle, (void)new, (void)gone;
    list(lists, sizeof lists, "members", all, ids);
    printf("v1: %s, joined %u, left %u, the same sequence: %d\n", lists, came, went,
           id.seq == sequence);
    calls++;
}

static void until(quorum_handle_t handle, int fd, int wanted)
{
    while (calls < wanted) {
        await(fd);
        SAY(quorum_dispatch(handle, CS_DISPATCH_ALL));
    }
    printf("readable: %d\n", readable(fd));
}

int main(void)
{
    quorum_handle_t handle;
    quorum_callbacks_t first = { old };
    quorum_model_v1_data_t second = { QUORUM_MODEL_V1, quorate, nodes };
    uint32_t type = 9;
    int fd = -1, yes = -1;
    const void *context = NULL;

    SAY(quorum_initialize(&handle, &first, &type));
    printf("type %u\n", type);
    SAY(quorum_fd_get(handle, &fd));
    SAY(quorum_getquorate(handle, &yes));
    printf("quorate %d\n", yes);
    SAY(quorum_dispatch(handle, CS_DISPATCH_ALL));
    SAY(quorum_dispatch(handle, CS_DISPATCH_ONE_NONBLOCKING));
    SAY(quorum_trackstart(handle, CS_TRACK_CURRENT | CS_TRACK_CHANGES));
    until(handle, fd, 1);
    SAY(quorum_trackstop(handle));
    SAY(quorum_trackstop(handle));
    SAY(quorum_trackstart(handle, 77));
    SAY(quorum_finalize(handle));
    SAY(quorum_finalize(handle));

    calls = 0;
    SAY(quorum_model_initialize(&handle, QUORUM_MODEL_V1, (quorum_model_data_t *)&second, &type,
                    &calls));
    SAY(quorum_context_get(handle, &context));
    printf("context: %d\n", context == &calls);
    SAY(quorum_context_set(handle, &fd));
    SAY(quorum_fd_get(handle, &fd));
    SAY(quorum_trackstart(handle, CS_TRACK_CURRENT));
    until(handle, fd, 2);
    SAY(quorum_finalize(handle));
    SAY(quorum_getquorate(handle, &yes));
    return 0;
}
