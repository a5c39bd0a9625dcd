/* What the libraries for cluster managers have in common: answers, and ways of taking events. */
#ifndef CLUSTER_COROTYPES_H
#define CLUSTER_COROTYPES_H

#include <stddef.h>
#include <stdint.h>

/* What a call answers. All but CS_OK are errors. */
typedef enum {
    CS_OK = 1,
    CS_ERR_LIBRARY = 2,        /* the daemon is not there, or no longer */
    CS_ERR_VERSION = 3,        /* it speaks another version */
    CS_ERR_INIT = 4,
    CS_ERR_TIMEOUT = 5,        /* it did not answer in time */
    CS_ERR_TRY_AGAIN = 6,      /* not now */
    CS_ERR_INVALID_PARAM = 7,
    CS_ERR_NO_MEMORY = 8,
    CS_ERR_BAD_HANDLE = 9,     /* no such handle, or it was given back */
    CS_ERR_BUSY = 10,          /* somebody objects */
    CS_ERR_ACCESS = 11,        /* not for this user */
    CS_ERR_NOT_EXIST = 12,
    CS_ERR_NAME_TOO_LONG = 13,
    CS_ERR_EXIST = 14,
    CS_ERR_NO_SPACE = 15,
    CS_ERR_INTERRUPT = 16,
    CS_ERR_NAME_NOT_FOUND = 17,
    CS_ERR_NO_RESOURCES = 18,  /* no more descriptors or memory */
    CS_ERR_NOT_SUPPORTED = 19,
    CS_ERR_BAD_OPERATION = 20,
    CS_ERR_FAILED_OPERATION = 21,
    CS_ERR_MESSAGE_ERROR = 22,
    CS_ERR_QUEUE_FULL = 23,
    CS_ERR_QUEUE_NOT_AVAILABLE = 24,
    CS_ERR_BAD_FLAGS = 25,
    CS_ERR_TOO_BIG = 26,
    CS_ERR_NO_SECTIONS = 27,   /* nothing more to walk over */
    CS_ERR_CONTEXT_NOT_FOUND = 28,
    CS_ERR_TOO_MANY_GROUPS = 30,
    CS_ERR_SECURITY = 100
} cs_error_t;

/* How a dispatch function takes events. */
typedef enum {
    CS_DISPATCH_ONE = 1,            /* one; waits for it */
    CS_DISPATCH_ALL = 2,            /* all that are there */
    CS_DISPATCH_BLOCKING = 3,       /* all, until the handle is given back */
    CS_DISPATCH_ONE_NONBLOCKING = 4 /* one, or CS_ERR_TRY_AGAIN */
} cs_dispatch_flags_t;

/* What is to be told of. */
#define CS_TRACK_CURRENT 0x01      /* how it is now */
#define CS_TRACK_CHANGES 0x02      /* the same, and changes from now on */
#define CS_TRACK_CHANGES_ONLY 0x04 /* changes from now on */

#endif
