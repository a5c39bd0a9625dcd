/*
 * A sender for Corosync's closed process groups, so that its ring can be measured beside ours.
 *
 *   cpgload SIZE SECONDS MEMBERS
 *
 * Joins a group, waits until MEMBERS processes are in it, then sends messages of SIZE bytes as fast
 * as Corosync takes them and counts what is delivered from all members, its own included. Prints one
 * JSON object per second and a total, with the names that clusterd's load generator uses.
 *
 * Ends by itself: with status 1 and a line on standard error when the group is not complete in
 * time, or Corosync refuses something other than for the moment.
 */
#include <corosync/corotypes.h>
#include <corosync/cpg.h>

#include <inttypes.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>

enum {
    LARGEST = 1 << 20,        /* bytes of a message that cpg takes */
    BURST = 64,               /* messages sent, and deliveries taken, before looking at the other */
    DELIVERIES = 256,
    FORMATION_SECONDS = 30,   /* until Corosync answers and all members are there */
    GRACE_SECONDS = 1,        /* after the total, so that the others count to theirs */
    SECOND = 1000000          /* in microseconds */
};

struct count {
    uint64_t messages;
    uint64_t bytes;
};

static unsigned members;
static struct count delivered;

static uint64_t micros(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec / 1000;
}

static void fail(const char *what, int status)
{
    fprintf(stderr, "cpgload: %s: %d\n", what, status);
    exit(1);
}

static void on_message(cpg_handle_t handle, const struct cpg_name *group, uint32_t node,
                       uint32_t pid, void *message, size_t length)
{
    (void)handle, (void)group, (void)node, (void)pid, (void)message;
    delivered.messages += 1;
    delivered.bytes += length;
}

static void on_members(cpg_handle_t handle, const struct cpg_name *group,
                       const struct cpg_address *list, size_t count,
                       const struct cpg_address *left, size_t left_count,
                       const struct cpg_address *joined, size_t joined_count)
{
    (void)handle, (void)group, (void)list, (void)left, (void)left_count, (void)joined,
        (void)joined_count;
    members = (unsigned)count;
}

/* Takes deliveries that are here, at most a burst of them; how many there were. */
static unsigned take(cpg_handle_t handle)
{
    unsigned taken = 0;
    while (taken < DELIVERIES) {
        cs_error_t status = cpg_dispatch(handle, CS_DISPATCH_ONE_NONBLOCKING);
        if (status == CS_ERR_TRY_AGAIN)
            break;
        if (status != CS_OK)
            fail("dispatch", status);
        taken++;
    }
    return taken;
}

/* Sends until Corosync wants a pause, at most a burst; how many messages were taken. */
static unsigned give(cpg_handle_t handle, const struct iovec *message)
{
    unsigned given = 0;
    while (given < BURST) {
        cs_error_t status = cpg_mcast_joined(handle, CPG_TYPE_AGREED, message, 1);
        if (status == CS_ERR_TRY_AGAIN)
            break;
        if (status != CS_OK)
            fail("multicast", status);
        given++;
    }
    return given;
}

static void pause_for(int fd, int milliseconds)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    poll(&ready, fd < 0 ? 0 : 1, milliseconds);
}

static void print(const char *span, uint32_t node, size_t size, struct count from, uint64_t took)
{
    uint64_t messages = delivered.messages - from.messages;
    uint64_t bytes = delivered.bytes - from.bytes;
    uint64_t hundredths = bytes * 100 / took; /* bytes per microsecond are megabytes per second */
    printf("{\"node\":%" PRIu32 ",\"span\":\"%s\",\"members\":%u,\"size\":%zu,"
           "\"messages\":%" PRIu64 ",\"messages_per_second\":%" PRIu64
           ",\"megabytes_per_second\":%" PRIu64 ".%02" PRIu64 "}\n",
           node, span, members, size, messages, messages * SECOND / took, hundredths / 100,
           hundredths % 100);
    fflush(stdout);
}

static cpg_handle_t join(void)
{
    static cpg_model_v1_data_t model = {
        .cpg_deliver_fn = on_message,
        .cpg_confchg_fn = on_members,
    };
    struct cpg_name group = {.length = 4, .value = "load"};
    uint64_t deadline = micros() + (uint64_t)FORMATION_SECONDS * SECOND;
    cpg_handle_t handle;
    cs_error_t status;
    while ((status = cpg_model_initialize(&handle, CPG_MODEL_V1, (cpg_model_data_t *)&model,
                                          NULL)) != CS_OK) {
        if (micros() > deadline)
            fail("Corosync does not answer", status);
        pause_for(-1, 50);
    }
    while ((status = cpg_join(handle, &group)) != CS_OK) {
        if (status != CS_ERR_TRY_AGAIN || micros() > deadline)
            fail("join", status);
        pause_for(-1, 50);
    }
    return handle;
}

static void wait_for(cpg_handle_t handle, int fd, unsigned wanted)
{
    uint64_t deadline = micros() + (uint64_t)FORMATION_SECONDS * SECOND;
    while (members < wanted) {
        if (micros() > deadline)
            fail("members in time", (int)members);
        pause_for(fd, 100);
        take(handle);
    }
}

static void measure(cpg_handle_t handle, int fd, size_t size, uint64_t seconds)
{
    unsigned node = 0;
    struct iovec message = {.iov_base = calloc(1, size), .iov_len = size};
    if (message.iov_base == NULL || cpg_local_get(handle, &node) != CS_OK)
        fail("start", 0);
    struct count none = delivered, before = delivered;
    uint64_t began = micros(), last = began, now = began;
    while (now < began + seconds * SECOND) {
        unsigned given = give(handle, &message);
        unsigned taken = take(handle);
        if (given == 0 && taken == 0)
            pause_for(fd, 1);
        now = micros();
        if (now >= last + SECOND) {
            print("second", node, size, before, now - last);
            last = now;
            before = delivered;
        }
    }
    print("total", node, size, none, now - began);
    while (micros() < now + (uint64_t)GRACE_SECONDS * SECOND) {
        pause_for(fd, 50);
        take(handle);
    }
    free(message.iov_base);
}

int main(int count, char **words)
{
    int fd = -1;
    if (count != 4) {
        fprintf(stderr, "usage: cpgload SIZE SECONDS MEMBERS\n");
        return 1;
    }
    size_t size = strtoull(words[1], NULL, 10);
    uint64_t seconds = strtoull(words[2], NULL, 10);
    if (size < 1 || size > LARGEST || seconds < 1 || seconds > 3600) {
        fprintf(stderr, "cpgload: size 1 to %d, seconds 1 to 3600\n", LARGEST);
        return 1;
    }
    cpg_handle_t handle = join();
    if (cpg_fd_get(handle, &fd) != CS_OK)
        fail("descriptor", 0);
    wait_for(handle, fd, (unsigned)strtoul(words[3], NULL, 10));
    measure(handle, fd, size, seconds);
    cpg_finalize(handle);
    return 0;
}
