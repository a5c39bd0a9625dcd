/* libsam: a program that is started again when it falls silent. One word: "restart", "cmap" (what
 * becomes of it can be read in the map) or "quorum" (it runs only where there is a quorum). */
#include <signal.h>

#include <corosync/cmap.h>
#include <corosync/sam.h>

#include "try.h"

/* Milliseconds within which it has to say that it lives. */
#define INTERVAL 1000

static volatile sig_atomic_t warned;
static int looked;

static void warn(int number)
{
    (void)number;
    warned = 1;
}

/* Twice all is well. */
static int look(void)
{
    printf("looks whether it is well\n");
    return ++looked > 1;
}

/* What the map says of this process, which is the parent's to write. */
static void show(void)
{
    cmap_handle_t map;
    cmap_iter_handle_t iter;
    char prefix[64], name[CMAP_KEYNAME_MAXLEN + 1];
    size_t size;
    cmap_value_types_t type;
    SAY(cmap_initialize(&map));
    int length = snprintf(prefix, sizeof prefix, "resources.process.%d.", (int)getppid());
    SAY(cmap_iter_init(map, prefix, &iter));
    while (cmap_iter_next(map, iter, name, &size, &type) == CS_OK) {
        char *text = NULL;
        uint64_t number = 0;
        if (type == CMAP_VALUETYPE_STRING && cmap_get_string(map, name, &text) == CS_OK)
            printf("  %s = %s\n", name + length, text);
        else if (type == CMAP_VALUETYPE_UINT64 && cmap_get_uint64(map, name, &number) == CS_OK &&
                 strcmp(name + length, "last_updated"))
            printf("  %s = %" PRIu64 "\n", name + length, number);
        else
            printf("  %s, type %d\n", name + length, (int)type);
        free(text);
    }
    SAY(cmap_finalize(map));
}

/* Falls silent, is warned, and then ended. */
static void silent(void)
{
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    while (!warned)
        sigsuspend(&before);
    printf("is warned\n");
    for (;;)
        sigsuspend(&before);
}

static void restored(void)
{
    char data[16] = "";
    size_t size = 0;
    SAY(sam_data_getsize(&size));
    SAY(sam_data_restore(data, sizeof data));
    printf("has %zu bytes: %s\n", size, data);
}

static void first(int map)
{
    struct sigaction action = { .sa_handler = warn };
    sigaction(SIGUSR1, &action, NULL);
    SAY(sam_warn_signal_set(SIGUSR1));
    SAY(sam_start());
    /* Answered, so that the start is known by then. */
    SAY(sam_data_store("second", 7));
    SAY(sam_hc_send());
    if (map)
        show();
    SAY(sam_hc_send());
    silent();
}

static int last(int map)
{
    SAY(sam_start());
    SAY(sam_hc_send());
    if (map) {
        /* It is not started again after that. */
        printf("says that it failed\n");
        sam_mark_failed();
        for (;;)
            pause();
    }
    SAY(sam_stop());
    SAY(sam_hc_send());
    SAY(sam_finalize());
    return 0;
}

static int quorum(unsigned instance)
{
    SAY(sam_start());
    printf("runs as %u\n", instance);
    if (instance == 2) {
        SAY(sam_stop());
        return 0;
    }
    for (;;)
        pause();
}

int main(int count, char **words)
{
    const char *word = count > 1 ? words[1] : "restart";
    int map = !strcmp(word, "cmap");
    unsigned instance = 0;
    setvbuf(stdout, NULL, _IONBF, 0);
    if (!strcmp(word, "quorum")) {
        SAY(sam_initialize(0, SAM_RECOVERY_POLICY_QUORUM_RESTART));
        SAY(sam_register(&instance));
        return quorum(instance);
    }
    SAY(sam_hc_send());
    SAY(sam_initialize(INTERVAL, SAM_RECOVERY_POLICY_RESTART | (map ? SAM_RECOVERY_POLICY_CMAP : 0)));
    SAY(sam_initialize(INTERVAL, SAM_RECOVERY_POLICY_QUIT));
    SAY(sam_data_store("first", 6));
    SAY(sam_register(&instance));
    printf("runs as %u\n", instance);
    restored();
    switch (instance) {
    case 1:
        first(map);
        break;
    case 2:
        SAY(sam_hc_callback_register(look));
        SAY(sam_start());
        for (;;)
            pause();
    default:
        return last(map);
    }
    return 1;
}
