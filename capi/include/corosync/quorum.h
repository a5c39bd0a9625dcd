/* libquorum: may this partition act, and who is in it. */
#ifndef CLUSTER_QUORUM_H
#define CLUSTER_QUORUM_H

#include <corosync/corotypes.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef uint64_t quorum_handle_t;

typedef enum { QUORUM_MODEL_V0 = 0, QUORUM_MODEL_V1 = 1 } quorum_model_t;

/* Name of a ring; it changes with every membership. */
struct quorum_ring_id {
    uint32_t nodeid;
    uint64_t seq;
};

/* Everything at once. */
typedef void (*quorum_notification_fn_t)(quorum_handle_t handle, uint32_t quorate, uint64_t ring_seq,
                                         uint32_t members_count, uint32_t *members);

/* The verdict on a ring. */
typedef void (*quorum_v1_quorum_notification_fn_t)(quorum_handle_t handle, uint32_t quorate,
                                                   struct quorum_ring_id ring,
                                                   uint32_t members_count, const uint32_t *members);

/* A new ring; told before its verdict. */
typedef void (*quorum_v1_nodelist_notification_fn_t)(quorum_handle_t handle,
                                                     struct quorum_ring_id ring,
                                                     uint32_t members_count, const uint32_t *members,
                                                     uint32_t joined_count, const uint32_t *joined,
                                                     uint32_t left_count, const uint32_t *left);

typedef struct {
    quorum_notification_fn_t quorum_notify_fn;
} quorum_callbacks_t;

typedef struct {
    quorum_model_t model;
} quorum_model_data_t;

typedef struct {
    quorum_model_t model;
    quorum_notification_fn_t quorum_notify_fn;
} quorum_model_v0_data_t;

typedef struct {
    quorum_model_t model;
    quorum_v1_quorum_notification_fn_t quorum_notify_fn;
    quorum_v1_nodelist_notification_fn_t nodelist_notify_fn;
} quorum_model_v1_data_t;

/* What quorum_initialize says of the cluster: here always QUORUM_SET. */
#define QUORUM_FREE 0
#define QUORUM_SET 1

cs_error_t quorum_initialize(quorum_handle_t *handle, quorum_callbacks_t *callbacks,
                             uint32_t *quorum_type);
cs_error_t quorum_model_initialize(quorum_handle_t *handle, quorum_model_t model,
                                   quorum_model_data_t *data, uint32_t *quorum_type, void *context);
cs_error_t quorum_finalize(quorum_handle_t handle);
cs_error_t quorum_fd_get(quorum_handle_t handle, int *fd);
cs_error_t quorum_context_get(quorum_handle_t handle, const void **context);
cs_error_t quorum_context_set(quorum_handle_t handle, const void *context);
cs_error_t quorum_dispatch(quorum_handle_t handle, cs_dispatch_flags_t flags);
cs_error_t quorum_getquorate(quorum_handle_t handle, int *quorate);
cs_error_t quorum_trackstart(quorum_handle_t handle, unsigned int flags);
cs_error_t quorum_trackstop(quorum_handle_t handle);

#ifdef __cplusplus
}
#endif

#endif
