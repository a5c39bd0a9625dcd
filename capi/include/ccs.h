/*
 * libccs, version 3: questions to the configuration that the cluster daemon of this node goes by.
 * Link with -lccs. Failed calls return a negated error.
 *
 * Questions: /a/b[N]/c[@k="v"]/@attribute, /a/child::*[N]/@attribute, /a/b/@* for all attributes as
 * name=value. Indexes count from one, paths begin at the root.
 */
#ifndef CLUSTER_CCS_H
#define CLUSTER_CCS_H

#ifdef __cplusplus
extern "C" {
#endif

/* A conversation, above 0. Blocking: tries again each second until there is a daemon. */
int ccs_connect(void);
int ccs_force_connect(const char *cluster_name, int blocking);
int ccs_disconnect(int desc);

/* The first answer; the next one each time. To be freed. ENODATA: there is none, or no more. */
int ccs_get(int desc, const char *query, char **rtn);
int ccs_get_list(int desc, const char *query, char **rtn);

/* Not supported: a configuration changes as a whole. */
int ccs_set(int desc, const char *path, char *val);

/* The name in the configuration of a node that is called so somewhere. To be freed. */
int ccs_lookup_nodename(int desc, const char *nodename, char **rtn);

/* Changes what the configuration says something about. logfile has room for 4096 bytes. */
void ccs_read_logging(int desc, const char *name, int *debug, int *mode, int *syslog_facility,
		      int *syslog_priority, int *logfile_priority, char *logfile);

/* There is one way of answering; this changes nothing. */
extern int fullxpath;

#ifdef __cplusplus
}
#endif

#endif
