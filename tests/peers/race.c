/*
 * One client for every engine that offers the C libraries of closed process groups and of quorum.
 *
 *   race load SIZE SECONDS MEMBERS RATE SENDS
 *   race watch
 *
 * load joins a group and waits until MEMBERS processes are in it. With SENDS it then sends messages
 * of SIZE bytes, RATE a second or, with RATE 0, as fast as they are taken; it counts what is
 * delivered from all, and how long what it looks at was on its way: messages carry the monotonic
 * clock, which all hosts of one kernel share. Prints one JSON object per second and a total.
 *
 * watch prints an object whenever it is told of members or quorum, with the clock, for ever.
 *
 * Ends by itself with status 1 and a line on standard error when the group is not complete in time,
 * or something is refused other than for the moment.
 */
#include <corosync/corotypes.h>
#include <corosync/cpg.h>
#include <corosync/quorum.h>

#include <inttypes.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>

enum {
    LARGEST = 1 << 20,        /* bytes of a message that is taken in one piece */
    BURST = 64,               /* messages sent, and deliveries taken, before looking at the other */
    DELIVERIES = 256,
    FORMATION_SECONDS = 120,  /* until the daemon answers and all members are there */
    GRACE_SECONDS = 1,        /* after the total, so that the others count to theirs */
    SAMPLES = 1 << 18,        /* delays that are kept */
    EVERY = 16                /* at full speed, of so many messages one is looked at */
};

#define SECOND UINT64_C(1000000000)

struct count {
    uint64_t messages;
    uint64_t bytes;
};

struct delays {
    uint64_t *nanos;
    size_t count;
};

static unsigned members, node;
static struct count delivered;
static struct delays own, others;
static uint64_t seen, last_at, silence;
static int counting, every = 1;

static uint64_t now_nanos(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

static void fail(const char *what, int status)
{
    fprintf(stderr, "race: %s: %d\n", what, status);
    exit(1);
}

static void pause_for(int fd, int milliseconds)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    poll(&ready, fd < 0 ? 0 : 1, milliseconds);
}

static void keep(struct delays *delays, uint64_t nanos)
{
    if (delays->count < SAMPLES)
        delays->nanos[delays->count++] = nanos;
}

static void on_message(cpg_handle_t handle, const struct cpg_name *group, uint32_t from,
                       uint32_t pid, void *message, size_t length)
{
    (void)handle, (void)group, (void)pid;
    delivered.messages += 1;
    delivered.bytes += length;
    if (!counting || (seen++ % (uint64_t)every && every > 1))
        return;
    uint64_t sent = 0, now = now_nanos();
    if (last_at && now - last_at > silence)
        silence = now - last_at;
    last_at = now;
    memcpy(&sent, message, length < sizeof sent ? length : sizeof sent);
    if (sent && sent < now)
        keep(from == node ? &own : &others, now - sent);
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

/* Sends until a pause is wanted, at most `most`; how many messages were taken. */
static uint64_t give(cpg_handle_t handle, const struct iovec *message, uint64_t most)
{
    uint64_t given = 0;
    while (given < most) {
        uint64_t now = now_nanos();
        memcpy(message->iov_base, &now,
               message->iov_len < sizeof now ? message->iov_len : sizeof now);
        cs_error_t status = cpg_mcast_joined(handle, CPG_TYPE_AGREED, message, 1);
        if (status == CS_ERR_TRY_AGAIN)
            break;
        if (status != CS_OK)
            fail("multicast", status);
        given++;
    }
    return given;
}

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static uint64_t part(const struct delays *delays, size_t thousandths)
{
    return delays->count ? delays->nanos[(delays->count - 1) * thousandths / 1000] : 0;
}

static void print(const char *span, size_t size, struct count from, uint64_t took)
{
    uint64_t messages = delivered.messages - from.messages;
    uint64_t bytes = delivered.bytes - from.bytes;
    uint64_t hundredths = bytes * 100 / (took / 1000 + 1);
    printf("{\"node\":%u,\"span\":\"%s\",\"members\":%u,\"size\":%zu,\"messages\":%" PRIu64
           ",\"messages_per_second\":%" PRIu64 ",\"megabytes_per_second\":%" PRIu64 ".%02" PRIu64,
           node, span, members, size, messages, messages * 1000000 / (took / 1000 + 1),
           hundredths / 100, hundredths % 100);
    if (strcmp(span, "total") == 0) {
        qsort(own.nanos, own.count, sizeof *own.nanos, by_size);
        qsort(others.nanos, others.count, sizeof *others.nanos, by_size);
        printf(",\"own_p50\":%" PRIu64 ",\"own_p99\":%" PRIu64 ",\"own_p999\":%" PRIu64
               ",\"peer_p50\":%" PRIu64 ",\"peer_p99\":%" PRIu64 ",\"peer_p999\":%" PRIu64
               ",\"silence\":%" PRIu64,
               part(&own, 500), part(&own, 990), part(&own, 999), part(&others, 500),
               part(&others, 990), part(&others, 999), silence);
    }
    printf("}\n");
    fflush(stdout);
}

static cpg_handle_t join(void)
{
    static cpg_model_v1_data_t model = {
        .cpg_deliver_fn = on_message,
        .cpg_confchg_fn = on_members,
    };
    struct cpg_name group = {.length = 4, .value = "load"};
    uint64_t deadline = now_nanos() + FORMATION_SECONDS * SECOND;
    cpg_handle_t handle;
    cs_error_t status;
    while ((status = cpg_model_initialize(&handle, CPG_MODEL_V1, (cpg_model_data_t *)&model,
                                          NULL)) != CS_OK) {
        if (now_nanos() > deadline)
            fail("the daemon does not answer", status);
        pause_for(-1, 50);
    }
    while ((status = cpg_join(handle, &group)) != CS_OK) {
        if (status != CS_ERR_TRY_AGAIN || now_nanos() > deadline)
            fail("join", status);
        pause_for(-1, 50);
    }
    return handle;
}

static void wait_for(cpg_handle_t handle, int fd, unsigned wanted)
{
    uint64_t deadline = now_nanos() + FORMATION_SECONDS * SECOND;
    while (members < wanted) {
        if (now_nanos() > deadline)
            fail("members in time", (int)members);
        pause_for(fd, 100);
        take(handle);
    }
}

/* How many messages are due; at full speed, a burst. */
static uint64_t due(uint64_t rate, uint64_t since, uint64_t now, uint64_t sent)
{
    if (rate == 0)
        return BURST;
    uint64_t planned = (now - since) / 1000 * rate / 1000000;
    return planned > sent ? planned - sent : 0;
}

static void measure(cpg_handle_t handle, int fd, size_t size, uint64_t seconds, uint64_t rate,
                    int sends)
{
    struct iovec message = {.iov_base = calloc(1, size), .iov_len = size};
    if (message.iov_base == NULL)
        fail("memory", 0);
    every = rate == 0 ? EVERY : 1;
    counting = 1;
    struct count none = delivered, before = delivered;
    uint64_t began = now_nanos(), last = began, now = began, sent = 0;
    while (now < began + seconds * SECOND) {
        uint64_t given = sends ? give(handle, &message, due(rate, began, now, sent)) : 0;
        unsigned taken = take(handle);
        sent += given;
        if (given == 0 && taken == 0)
            pause_for(fd, 1);
        now = now_nanos();
        if (now >= last + SECOND) {
            print("second", size, before, now - last);
            last = now;
            before = delivered;
        }
    }
    counting = 0;
    print("total", size, none, now - began);
    while (now_nanos() < now + GRACE_SECONDS * SECOND) {
        pause_for(fd, 50);
        take(handle);
    }
    free(message.iov_base);
}

static int load(char **words)
{
    int fd = -1;
    size_t size = strtoull(words[0], NULL, 10);
    uint64_t seconds = strtoull(words[1], NULL, 10);
    if (size < 1 || size > LARGEST || seconds < 1 || seconds > 3600) {
        fprintf(stderr, "race: size 1 to %d, seconds 1 to 3600\n", LARGEST);
        return 1;
    }
    own.nanos = malloc(SAMPLES * sizeof *own.nanos);
    others.nanos = malloc(SAMPLES * sizeof *others.nanos);
    if (own.nanos == NULL || others.nanos == NULL)
        fail("memory", 0);
    cpg_handle_t handle = join();
    if (cpg_local_get(handle, &node) != CS_OK || cpg_fd_get(handle, &fd) != CS_OK)
        fail("descriptor", 0);
    wait_for(handle, fd, (unsigned)strtoul(words[2], NULL, 10));
    measure(handle, fd, size, seconds, strtoull(words[3], NULL, 10), words[4][0] == '1');
    cpg_finalize(handle);
    return 0;
}

static void on_quorum(quorum_handle_t handle, uint32_t quorate, uint64_t ring, uint32_t count,
                      uint32_t *list)
{
    (void)handle, (void)list;
    printf("{\"at\":%" PRIu64 ",\"quorate\":%u,\"members\":%u,\"ring\":%" PRIu64 "}\n", now_nanos(),
           quorate != 0, count, ring);
    fflush(stdout);
}

static int watch(void)
{
    static quorum_callbacks_t callbacks = {.quorum_notify_fn = on_quorum};
    uint64_t deadline = now_nanos() + FORMATION_SECONDS * SECOND;
    quorum_handle_t handle;
    uint32_t type;
    cs_error_t status;
    while ((status = quorum_initialize(&handle, &callbacks, &type)) != CS_OK) {
        if (now_nanos() > deadline)
            fail("the daemon does not answer", status);
        pause_for(-1, 5);
    }
    while ((status = quorum_trackstart(handle, CS_TRACK_CURRENT | CS_TRACK_CHANGES)) != CS_OK) {
        if (status != CS_ERR_TRY_AGAIN || now_nanos() > deadline)
            fail("track", status);
        pause_for(-1, 5);
    }
    status = quorum_dispatch(handle, CS_DISPATCH_BLOCKING);
    fail("dispatch", status);
    return 1;
}

int main(int count, char **words)
{
    if (count == 7 && strcmp(words[1], "load") == 0)
        return load(words + 2);
    if (count == 2 && strcmp(words[1], "watch") == 0)
        return watch();
    fprintf(stderr, "usage: race load SIZE SECONDS MEMBERS RATE SENDS | race watch\n");
    return 1;
}
