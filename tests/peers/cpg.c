/* libcpg, all of it. Words: group, how many members, messages of each.
 * Prints the same on every node but for the line "local". */
#include <sys/uio.h>

#include <corosync/cpg.h>

#include "try.h"

#define LARGE 3000000

static struct cpg_name group;
static int wanted, count, members, left, rings, large;
static unsigned got, order = 5381;
static char buffer[LARGE];

static void deliver(cpg_handle_t handle, const struct cpg_name *name, uint32_t nodeid, uint32_t pid,
            void *message, size_t length)
{
    (void)handle, (void)pid;
    if (name->length != group.length || memcmp(name->value, group.value, group.length))
        printf("a message of another group\n");
    if (length == LARGE) {
        large++;
        if (memcmp(message, buffer, LARGE))
            printf("a large message has changed\n");
    }
    for (size_t n = 0; n < length && n < 16; n++)
        order = order * 33 + ((unsigned char *)message)[n];
    order = order * 33 + nodeid;
    got++;
}

static void change(cpg_handle_t handle, const struct cpg_name *name,
           const struct cpg_address *member, size_t all, const struct cpg_address *gone,
           size_t went, const struct cpg_address *new, size_t came)
{
    (void)handle, (void)name, (void)new, (void)came;
    for (size_t n = 1; n < all; n++)
        if (member[n - 1].nodeid > member[n].nodeid)
            printf("members are not in order\n");
    members = (int)all;
    for (size_t n = 0; n < went; n++) {
        uint32_t self = 0;
        cpg_local_get(handle, &self);
        if (gone[n].nodeid == self && gone[n].pid == (uint32_t)getpid())
            left = (int)gone[n].reason;
    }
}

static void ring(cpg_handle_t handle, struct cpg_ring_id id, uint32_t all, const uint32_t *list)
{
    (void)handle, (void)list;
    if (id.nodeid && id.seq && all)
        rings++;
}

static void multicast(cpg_handle_t handle, char *text, size_t length)
{
    struct iovec parts[2] = { { text, length / 2 }, { text + length / 2, length - length / 2 } };
    cs_error_t answer;
    while ((answer = cpg_mcast_joined(handle, CPG_TYPE_AGREED, parts, 2)) == CS_ERR_TRY_AGAIN)
        cpg_dispatch(handle, CS_DISPATCH_ALL);
    if (answer != CS_OK)
        printf("cpg_mcast_joined: %d\n", answer);
}

static void iterate(cpg_handle_t handle)
{
    cpg_iteration_handle_t walk;
    struct cpg_iteration_description_t one;
    int seen = 0;
    SAY(cpg_iteration_initialize(handle, CPG_ITERATION_ONE_GROUP, &group, &walk));
    while (cpg_iteration_next(walk, &one) == CS_OK)
        seen += one.group.length == group.length;
    printf("iteration: %d\n", seen);
    SAY(cpg_iteration_finalize(walk));
    SAY(cpg_iteration_next(walk, &one));
}

int main(int words, char **word)
{
    if (words != 4)
        return 2;
    wanted = atoi(word[2]);
    count = atoi(word[3]);
    group.length = (uint32_t)strlen(word[1]);
    memcpy(group.value, word[1], group.length);
    memset(buffer, 'x', sizeof buffer);

    cpg_handle_t handle;
    cpg_model_v1_data_t model = { CPG_MODEL_V1, deliver, change, ring,
                      CPG_MODEL_V1_DELIVER_INITIAL_TOTEM_CONF };
    void *context = NULL;
    uint32_t self = 0, most = 0;
    int fd = -1, again = -1, length = CPG_MEMBERS_MAX;
    struct cpg_address list[CPG_MEMBERS_MAX];
    cpg_flow_control_state_t flow = CPG_FLOW_CONTROL_ENABLED;

    SAY(cpg_model_initialize(&handle, CPG_MODEL_V1, (cpg_model_data_t *)&model, &order));
    SAY(cpg_context_get(handle, &context));
    printf("context: %d\n", context == &order);
    SAY(cpg_context_set(handle, &got));
    SAY(cpg_fd_get(handle, &fd));
    SAY(cpg_local_get(handle, &self));
    printf("local %u\n", self);
    SAY(cpg_max_atomic_msgsize_get(handle, &most));
    printf("most %u\n", most);
    SAY(cpg_dispatch(handle, CS_DISPATCH_ALL));
    SAY(cpg_join(handle, &group));
    SAY(cpg_join(handle, &group));
    while (members < wanted) {
        await(fd);
        cpg_dispatch(handle, CS_DISPATCH_ONE);
    }
    printf("members: %d\n", members);
    SAY(cpg_membership_get(handle, &group, list, &length));
    printf("list: %d\n", length);
    SAY(cpg_flow_control_state_get(handle, &flow));
    printf("flow: %d\n", (int)flow);
    iterate(handle);

    for (int n = 0; n < count; n++) {
        char text[32];
        memset(text, 0, sizeof text);
        snprintf(text, sizeof text, "message %d", n);
        multicast(handle, text, sizeof text);
    }
    void *ours = NULL;
    SAY(cpg_zcb_alloc(handle, 1000, &ours));
    memset(ours, 'z', 1000);
    cs_error_t answer;
    while ((answer = cpg_zcb_mcast_joined(handle, CPG_TYPE_AGREED, ours, 1000)) ==
           CS_ERR_TRY_AGAIN)
        cpg_dispatch(handle, CS_DISPATCH_ALL);
    printf("cpg_zcb_mcast_joined: %d\n", answer);
    SAY(cpg_zcb_free(handle, ours));
    multicast(handle, buffer, LARGE);
    while (got < (unsigned)(wanted * (count + 2))) {
        await(fd);
        cpg_dispatch(handle, CS_DISPATCH_ONE);
    }
    printf("messages: %u, large: %d, order %08x\n", got, large, order);
    SAY(cpg_fd_get(handle, &again));
    printf("the same descriptor: %d\n", fd == again);
    SAY(cpg_leave(handle, &group));
    while (!left) {
        await(fd);
        cpg_dispatch(handle, CS_DISPATCH_ONE);
    }
    printf("left: %d\n", left);
    printf("rings: %d\n", rings > 0);
    SAY(cpg_leave(handle, &group));
    SAY(cpg_finalize(handle));
    SAY(cpg_finalize(handle));
    SAY(cpg_dispatch(handle, CS_DISPATCH_ALL));
    return 0;
}
