/* What the programs of this directory have in common: they say what a call answers, so that what
 * they print can be compared. */
#ifndef TRY_H
#define TRY_H

#include <inttypes.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <corosync/corotypes.h>

/* Says what a call answered. */
#define SAY(call) printf("%s: %d\n", #call, (int)(call))

/* Waits until a descriptor can be read: nothing else tells that there is something to dispatch. */
static inline void await(int fd)
{
    struct pollfd one = { .fd = fd, .events = POLLIN };
    if (poll(&one, 1, 30000) != 1 || !(one.revents & POLLIN)) {
        printf("nothing comes within 30 s\n");
        exit(1);
    }
}

/* Whether a descriptor can be read now. */
static inline int readable(int fd)
{
    struct pollfd one = { .fd = fd, .events = POLLIN };
    return poll(&one, 1, 0) == 1;
}

#endif
