/* libcmap, all of it. */
#include <corosync/cmap.h>

#include "try.h"

static int calls;

static void told(cmap_handle_t handle, cmap_track_handle_t track, int32_t event, const char *key,
         struct cmap_notify_value new, struct cmap_notify_value old, void *context)
{
    (void)handle, (void)track;
    printf("event %d of %s, new %d of %zu, old %d of %zu", event, key,
           new.data ? (int)new.type : -1, new.len, old.data ? (int)old.type : -1, old.len);
    if (new.data && new.type == CMAP_VALUETYPE_UINT32)
        printf(", %u", *(const uint32_t *)new.data);
    if (old.data && old.type == CMAP_VALUETYPE_UINT32)
        printf(", was %u", *(const uint32_t *)old.data);
    printf(", context %d\n", context == &calls);
    calls++;
}

static void until(cmap_handle_t handle, int fd, int wanted)
{
    while (calls < wanted) {
        await(fd);
        SAY(cmap_dispatch(handle, CS_DISPATCH_ONE));
    }
    printf("readable: %d\n", readable(fd));
}

static void numbers(cmap_handle_t h)
{
    int8_t a; uint8_t b; int16_t c; uint16_t d; int32_t e; uint32_t f; int64_t g; uint64_t i;
    float j; double k; char *text = NULL;
    SAY(cmap_set_int8(h, "lab.i8", -8));
    SAY(cmap_set_uint8(h, "lab.u8", 8));
    SAY(cmap_set_int16(h, "lab.i16", -16));
    SAY(cmap_set_uint16(h, "lab.u16", 16));
    SAY(cmap_set_int32(h, "lab.i32", -32));
    SAY(cmap_set_uint32(h, "lab.u32", 32));
    SAY(cmap_set_int64(h, "lab.i64", -64));
    SAY(cmap_set_uint64(h, "lab.u64", 64));
    SAY(cmap_set_float(h, "lab.flt", 1.5f));
    SAY(cmap_set_double(h, "lab.dbl", 2.5));
    SAY(cmap_set_string(h, "lab.str", "a string"));
    SAY(cmap_set(h, "lab.bin", "\1\2\3", 3, CMAP_VALUETYPE_BINARY));
    SAY(cmap_get_int8(h, "lab.i8", &a));
    SAY(cmap_get_uint8(h, "lab.u8", &b));
    SAY(cmap_get_int16(h, "lab.i16", &c));
    SAY(cmap_get_uint16(h, "lab.u16", &d));
    SAY(cmap_get_int32(h, "lab.i32", &e));
    SAY(cmap_get_uint32(h, "lab.u32", &f));
    SAY(cmap_get_int64(h, "lab.i64", &g));
    SAY(cmap_get_uint64(h, "lab.u64", &i));
    SAY(cmap_get_float(h, "lab.flt", &j));
    SAY(cmap_get_double(h, "lab.dbl", &k));
    SAY(cmap_get_string(h, "lab.str", &text));
    printf("%d %u %d %u %d %u %" PRId64 " %" PRIu64 " %.1f %.1f %s\n", a, b, c, d, e, f, g, i,
           (double)j, k, text);
    free(text);
    SAY(cmap_get_uint32(h, "lab.i32", &f));
    SAY(cmap_get_uint32(h, "lab.none", &f));
}

static void values(cmap_handle_t handle)
{
    char buffer[16];
    size_t length = sizeof buffer;
    cmap_value_types_t type = 0;
    uint32_t number = 0;
    SAY(cmap_get(handle, "lab.str", buffer, &length, &type));
    printf("%s, %zu bytes of type %d\n", buffer, length, (int)type);
    length = 2;
    SAY(cmap_get(handle, "lab.str", buffer, &length, &type));
    length = sizeof buffer;
    SAY(cmap_get(handle, "lab.bin", buffer, &length, &type));
    printf("%zu bytes of type %d\n", length, (int)type);
    SAY(cmap_get(handle, "lab.bin", NULL, &length, &type));
    SAY(cmap_inc(handle, "lab.u32"));
    SAY(cmap_get_uint32(handle, "lab.u32", &number));
    printf("%u\n", number);
    SAY(cmap_dec(handle, "lab.u32"));
    SAY(cmap_inc(handle, "lab.str"));
    SAY(cmap_inc(handle, "lab.none"));
    SAY(cmap_set_uint32(handle, "ab", 1));
    SAY(cmap_set_uint32(handle, "lab.not good", 1));
    SAY(cmap_set_uint32(handle, "totem.nodeid", 9));
    SAY(cmap_set_string(handle, "nodelist.node.0.name", "other"));
    SAY(cmap_delete(handle, "totem.cluster_name"));
}

static void walk(cmap_handle_t handle)
{
    cmap_iter_handle_t iter;
    char key[CMAP_KEYNAME_MAXLEN + 1];
    size_t length = 0;
    cmap_value_types_t type = 0;
    cs_error_t answer;
    SAY(cmap_iter_init(handle, "lab.", &iter));
    while ((answer = cmap_iter_next(handle, iter, key, &length, &type)) == CS_OK)
        printf("%s, %zu bytes of type %d\n", key, length, (int)type);
    printf("cmap_iter_next: %d\n", answer);
    SAY(cmap_iter_finalize(handle, iter));
    SAY(cmap_iter_finalize(handle, iter));
}

static void tracks(cmap_handle_t handle, int fd)
{
    cmap_track_handle_t one, all;
    int32_t kinds = CMAP_TRACK_ADD | CMAP_TRACK_DELETE | CMAP_TRACK_MODIFY;
    SAY(cmap_track_add(handle, "lab.track", kinds, told, &calls, &one));
    SAY(cmap_set_uint32(handle, "lab.track", 1));
    until(handle, fd, 1);
    SAY(cmap_set_uint32(handle, "lab.track", 2));
    until(handle, fd, 2);
    SAY(cmap_set_uint32(handle, "lab.track", 2));
    SAY(cmap_delete(handle, "lab.track"));
    until(handle, fd, 3);
    SAY(cmap_track_delete(handle, one));
    SAY(cmap_track_add(handle, "lab.", CMAP_TRACK_ADD | CMAP_TRACK_PREFIX, told, &calls, &all));
    SAY(cmap_set_uint32(handle, "lab.new", 3));
    until(handle, fd, 4);
    SAY(cmap_set_uint32(handle, "lab.new", 4));
    SAY(cmap_track_delete(handle, all));
    SAY(cmap_dispatch(handle, CS_DISPATCH_ALL));
}

int main(void)
{
    cmap_handle_t handle, stats;
    int fd = -1;
    const void *context = NULL;
    char *name = NULL;
    SAY(cmap_initialize(&handle));
    SAY(cmap_fd_get(handle, &fd));
    SAY(cmap_context_set(handle, &calls));
    SAY(cmap_context_get(handle, &context));
    printf("context: %d\n", context == &calls);
    SAY(cmap_get_string(handle, "totem.cluster_name", &name));
    printf("%s\n", name);
    free(name);
    numbers(handle);
    values(handle);
    walk(handle);
    tracks(handle, fd);
    for (const char *const *key = (const char *const[]){ "lab.i8", "lab.u8", "lab.i16", "lab.u16",
            "lab.i32", "lab.u32", "lab.i64", "lab.u64", "lab.flt", "lab.dbl", "lab.str",
            "lab.bin", "lab.new", NULL }; *key; key++)
        SAY(cmap_delete(handle, *key));
    SAY(cmap_delete(handle, "lab.new"));
    SAY(cmap_finalize(handle));
    SAY(cmap_finalize(handle));
    SAY(cmap_initialize_map(&stats, CMAP_MAP_STATS));
    SAY(cmap_set_uint32(stats, "lab.new", 1));
    SAY(cmap_finalize(stats));
    SAY(cmap_initialize_map(&stats, 7));
    return 0;
}
