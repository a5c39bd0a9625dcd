/* Whoever runs this: may it use the libraries? */
#include <corosync/cfg.h>
#include <corosync/cmap.h>
#include <corosync/cpg.h>
#include <corosync/quorum.h>
#include <corosync/votequorum.h>

#include "try.h"

int main(void)
{
    cpg_handle_t group, model;
    cpg_callbacks_t none = { NULL, NULL };
    cpg_model_v1_data_t first = { .model = CPG_MODEL_V1 };
    quorum_handle_t quorum;
    quorum_callbacks_t silent = { NULL };
    votequorum_handle_t votes;
    cmap_handle_t keys, statistics;
    corosync_cfg_handle_t cfg;
    uint32_t type;
    struct cpg_name name = { 3, "try" };
    SAY(cpg_initialize(&group, &none));
    SAY(cpg_model_initialize(&model, CPG_MODEL_V1, (cpg_model_data_t *)&first, NULL));
    SAY(quorum_initialize(&quorum, &silent, &type));
    SAY(votequorum_initialize(&votes, NULL));
    SAY(cmap_initialize(&keys));
    SAY(cmap_initialize_map(&statistics, CMAP_MAP_STATS));
    SAY(corosync_cfg_initialize(&cfg, NULL));
    if (cpg_join(group, &name) == CS_OK)
        SAY(cpg_leave(group, &name));
    return 0;
}
