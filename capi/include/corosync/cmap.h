/* libcmap: typed keys of this node. */
#ifndef CLUSTER_CMAP_H
#define CLUSTER_CMAP_H

#include <corosync/corotypes.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef uint64_t cmap_handle_t;
typedef uint64_t cmap_iter_handle_t;
typedef uint64_t cmap_track_handle_t;

/* Names are so long, of letters, digits and ._-/: */
#define CMAP_KEYNAME_MINLEN 3
#define CMAP_KEYNAME_MAXLEN 255

/* What is told of a key, or of all keys whose names begin so. */
#define CMAP_TRACK_DELETE 1
#define CMAP_TRACK_MODIFY 2
#define CMAP_TRACK_ADD 4
#define CMAP_TRACK_PREFIX 8

typedef enum {
    CMAP_VALUETYPE_INT8 = 1,
    CMAP_VALUETYPE_UINT8 = 2,
    CMAP_VALUETYPE_INT16 = 3,
    CMAP_VALUETYPE_UINT16 = 4,
    CMAP_VALUETYPE_INT32 = 5,
    CMAP_VALUETYPE_UINT32 = 6,
    CMAP_VALUETYPE_INT64 = 7,
    CMAP_VALUETYPE_UINT64 = 8,
    CMAP_VALUETYPE_FLOAT = 9,
    CMAP_VALUETYPE_DOUBLE = 10,
    CMAP_VALUETYPE_STRING = 11,
    CMAP_VALUETYPE_BINARY = 12
} cmap_value_types_t;

typedef enum {
    CMAP_MAP_DEFAULT = 0,
    CMAP_MAP_ICMAP = 0,
    CMAP_MAP_STATS = 1 /* numbers about the running daemon, which nobody sets */
} cmap_map_t;

/* A value before or after a change; of no size where there was none. */
struct cmap_notify_value {
    cmap_value_types_t type;
    size_t len;
    const void *data;
};

typedef void (*cmap_notify_fn_t)(cmap_handle_t handle, cmap_track_handle_t track, int32_t event,
                                 const char *key, struct cmap_notify_value new_value,
                                 struct cmap_notify_value old_value, void *user_data);

cs_error_t cmap_initialize(cmap_handle_t *handle);
cs_error_t cmap_initialize_map(cmap_handle_t *handle, cmap_map_t map);
cs_error_t cmap_finalize(cmap_handle_t handle);
cs_error_t cmap_fd_get(cmap_handle_t handle, int *fd);
cs_error_t cmap_dispatch(cmap_handle_t handle, cs_dispatch_flags_t flags);
cs_error_t cmap_context_get(cmap_handle_t handle, const void **context);
cs_error_t cmap_context_set(cmap_handle_t handle, const void *context);

/* A key is set with any type; numbers must have the size of theirs. */
cs_error_t cmap_set(cmap_handle_t handle, const char *key, const void *value, size_t value_len,
                    cmap_value_types_t type);
cs_error_t cmap_set_int8(cmap_handle_t handle, const char *key, int8_t value);
cs_error_t cmap_set_uint8(cmap_handle_t handle, const char *key, uint8_t value);
cs_error_t cmap_set_int16(cmap_handle_t handle, const char *key, int16_t value);
cs_error_t cmap_set_uint16(cmap_handle_t handle, const char *key, uint16_t value);
cs_error_t cmap_set_int32(cmap_handle_t handle, const char *key, int32_t value);
cs_error_t cmap_set_uint32(cmap_handle_t handle, const char *key, uint32_t value);
cs_error_t cmap_set_int64(cmap_handle_t handle, const char *key, int64_t value);
cs_error_t cmap_set_uint64(cmap_handle_t handle, const char *key, uint64_t value);
cs_error_t cmap_set_float(cmap_handle_t handle, const char *key, float value);
cs_error_t cmap_set_double(cmap_handle_t handle, const char *key, double value);
cs_error_t cmap_set_string(cmap_handle_t handle, const char *key, const char *value);
cs_error_t cmap_delete(cmap_handle_t handle, const char *key);

/* Without a place for the value: its size and type. CS_ERR_INVALID_PARAM for another type. */
cs_error_t cmap_get(cmap_handle_t handle, const char *key, void *value, size_t *value_len,
                    cmap_value_types_t *type);
cs_error_t cmap_get_int8(cmap_handle_t handle, const char *key, int8_t *value);
cs_error_t cmap_get_uint8(cmap_handle_t handle, const char *key, uint8_t *value);
cs_error_t cmap_get_int16(cmap_handle_t handle, const char *key, int16_t *value);
cs_error_t cmap_get_uint16(cmap_handle_t handle, const char *key, uint16_t *value);
cs_error_t cmap_get_int32(cmap_handle_t handle, const char *key, int32_t *value);
cs_error_t cmap_get_uint32(cmap_handle_t handle, const char *key, uint32_t *value);
cs_error_t cmap_get_int64(cmap_handle_t handle, const char *key, int64_t *value);
cs_error_t cmap_get_uint64(cmap_handle_t handle, const char *key, uint64_t *value);
cs_error_t cmap_get_float(cmap_handle_t handle, const char *key, float *value);
cs_error_t cmap_get_double(cmap_handle_t handle, const char *key, double *value);
/* The caller frees the text. */
cs_error_t cmap_get_string(cmap_handle_t handle, const char *key, char **value);

cs_error_t cmap_inc(cmap_handle_t handle, const char *key);
cs_error_t cmap_dec(cmap_handle_t handle, const char *key);

/* `key` has CMAP_KEYNAME_MAXLEN + 1 bytes. */
cs_error_t cmap_iter_init(cmap_handle_t handle, const char *prefix, cmap_iter_handle_t *iterator);
cs_error_t cmap_iter_next(cmap_handle_t handle, cmap_iter_handle_t iterator, char key[],
                          size_t *value_len, cmap_value_types_t *type);
cs_error_t cmap_iter_finalize(cmap_handle_t handle, cmap_iter_handle_t iterator);

cs_error_t cmap_track_add(cmap_handle_t handle, const char *key, int32_t track_type,
                          cmap_notify_fn_t notify, void *user_data, cmap_track_handle_t *track);
cs_error_t cmap_track_delete(cmap_handle_t handle, cmap_track_handle_t track);

#ifdef __cplusplus
}
#endif

#endif
