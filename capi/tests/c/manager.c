/* A small manager, for tests: `manager WORD ARGUMENTS` does one thing as real managers do it. */
#include <ccs.h>
#include <errno.h>
#include <libcman.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int answer = -1;
static int over;

static void fail(const char *what)
{
	printf("%s: %s\n", what, strerror(errno));
	exit(1);
}

static void say(const char *what, int result)
{
	if (result < 0)
		printf("%s: %s\n", what, strerror(errno));
	else
		printf("%s: %d\n", what, result);
	fflush(stdout);
}

static const char *address(const cman_node_address_t *it)
{
	static char text[64];
	const struct sockaddr_in *in = (const void *)it->cna_address;

	return inet_ntop(in->sin_family, &in->sin_addr, text, sizeof text) ? text : "none";
}

static void on_event(cman_handle_t h, void *private, int reason, int arg)
{
	static const char *const names[] = { "closed", "state", "opened", "shutdown", "config" };

	printf("%s %d (%s)\n", names[reason], arg, (const char *)private);
	fflush(stdout);
	if (reason == CMAN_REASON_TRY_SHUTDOWN && answer >= 0)
		cman_replyto_shutdown(h, answer);
}

static void on_data(cman_handle_t h, void *private, char *buf, int len, uint8_t port, int nodeid)
{
	(void)h, (void)private;
	printf("data from %d:%d: %.*s\n", nodeid, port, len, buf);
	fflush(stdout);
	over = len == 4 && !memcmp(buf, "quit", 4);
}

static void on_members(cman_handle_t h, void *private, unsigned *m, int ms, unsigned *l, int ls,
		       unsigned *j, int js)
{
	(void)h, (void)private, (void)l, (void)j;
	printf("members");
	while (ms-- > 0)
		printf(" %u", *m++);
	printf(", %d left, %d joined\n", ls, js);
	fflush(stdout);
}

static void info(cman_handle_t h)
{
	cman_version_t v;
	cman_cluster_t c;
	cman_node_t nodes[8], one;
	cman_node_extra_t extra;
	cman_node_address_t addrs[2];
	union { cman_extra_info_t it; char room[1024]; } x;
	int n, i;

	say("active", cman_is_active(h));
	say("quorate", cman_is_quorate(h));
	say("count", cman_get_node_count(h));
	if (cman_get_version(h, &v) || cman_get_cluster(h, &c))
		fail("version");
	printf("version %u.%u.%u config %u, cluster %s %u\n", v.cv_major, v.cv_minor, v.cv_patch,
	       v.cv_config, c.ci_name, c.ci_number);
	if (cman_get_nodes(h, 8, &n, nodes))
		fail("nodes");
	for (i = 0; i < n; i++)
		printf("node %d %s member %d at %s\n", nodes[i].cn_nodeid, nodes[i].cn_name,
		       nodes[i].cn_member, address(&nodes[i].cn_address));
	memset(&one, 0, sizeof one);
	if (cman_get_node(h, CMAN_NODEID_US, &one))
		fail("this node");
	printf("this is %d %s\n", one.cn_nodeid, one.cn_name);
	strcpy(one.cn_name, "iscsi2");
	say("by name", cman_get_node(h, 0, &one) ? -1 : one.cn_nodeid);
	strcpy(one.cn_name, "nosuch");
	say("unknown name", cman_get_node(h, 0, &one));
	if (cman_get_node_extra(h, 1, &extra))
		fail("extra");
	printf("state %d votes %d expected %d\n", extra.cnx_state, extra.cnx_votes,
	       extra.cnx_expected_votes);
	if (cman_get_node_addrs(h, 1, 2, &n, addrs))
		fail("addresses");
	printf("%d address %s\n", n, address(addrs));
	if (cman_get_extra_info(h, &x.it, sizeof x))
		fail("extra info");
	printf("flags %d total %d quorum %d members %d addresses %d %s\n", x.it.ei_flags,
	       x.it.ei_total_votes, x.it.ei_quorum, x.it.ei_members, x.it.ei_num_addresses,
	       address((void *)(x.it.ei_addresses + sizeof(struct sockaddr_storage) - 4)));
	say("kill without admin", cman_kill_node(h, 9));
	say("nobody listens", cman_is_listening(h, 0, 177));
	say("no such node", cman_is_listening(h, 99, 177));
}

static void admin(void)
{
	char name[] = "/dev/loop0";
	cman_version_t v = { 6, 2, 0, 0 };
	cman_qdev_info_t q;
	cman_handle_t h = cman_admin_init(NULL);

	if (!h)
		fail("cman_admin_init");
	say("data", cman_send_data(h, "x", 1, 0, 11, 0));
	say("notification", cman_start_notification(h, on_event));
	say("expected 0", cman_set_expected_votes(h, 0));
	say("votes 0", cman_set_votes(h, 0, 0));
	say("kill 0", cman_kill_node(h, 0));
	say("kill 99", cman_kill_node(h, 99));
	say("no device", cman_get_quorum_device(h, &q));
	say("register", cman_register_quorum_device(h, name, 1));
	say("poll", cman_poll_quorum_device(h, 1));
	if (cman_get_quorum_device(h, &q))
		fail("device");
	printf("device %s state %d votes %d\n", q.qi_name, q.qi_state, q.qi_votes);
	say("unregister", cman_unregister_quorum_device(h));
	say("poll no", cman_poll_quorum_device(h, 0));
	say("unregister", cman_unregister_quorum_device(h));
	say("debug", cman_set_debuglog(h, CMAN_DEBUGLOG_NONE));
	say("dirty", cman_set_dirty(h));
	say("fenced", cman_node_fenced(h, 1, 0, name));
	v.cv_minor = 3;
	say("other protocol", cman_set_version(h, &v));
	say("finish", cman_finish(h));
	say("finish again", cman_finish(h));
	say("and ask", cman_is_active(h));
}

/* Prints what it is told, until it is told to quit or the daemon is gone. */
static void listen_to(cman_handle_t h, int port)
{
	int listening;

	if (cman_start_notification(h, on_event) || cman_start_confchg(h, on_members))
		fail("notification");
	listening = port ? cman_start_recv_data(h, on_data, port) : 0;
	say("listening", listening);
	if (listening < 0)
		return;
	while (!over) {
		struct pollfd p = { cman_get_fd(h), POLLIN, 0 };
		int done;

		if (poll(&p, 1, 60000) <= 0)
			fail("nothing happens");
		done = cman_dispatch(h, CMAN_DISPATCH_ONE);
		if (done < 0)
			fail("dispatch");
		if (done == 0 && !over)
			printf("nothing to dispatch\n");
	}
	/* Nothing is left, and the descriptor says so. */
	struct pollfd p = { cman_get_fd(h), POLLIN, 0 };
	printf("then %d\n", poll(&p, 1, 0) > 0 ? cman_dispatch(h, CMAN_DISPATCH_ALL) : 0);
}

/* Puts data aside and takes it later. */
static void aside(cman_handle_t h)
{
	struct pollfd p;

	say("listening", cman_start_recv_data(h, on_data, 12));
	say("again", cman_start_recv_data(h, on_data, 13));
	say("sent", cman_send_data(h, "kept", 4, 0, 0, CMAN_NODEID_ALL));
	say("aside", cman_dispatch(h, CMAN_DISPATCH_BLOCKING | CMAN_DISPATCH_IGNORE_DATA));
	p.fd = cman_get_fd(h);
	p.events = POLLIN;
	say("readable", poll(&p, 1, 0));
	say("taken", cman_dispatch(h, CMAN_DISPATCH_ALL));
	say("nothing", cman_dispatch(h, CMAN_DISPATCH_ALL));
	say("end", cman_end_recv_data(h));
	say("another", cman_start_recv_data(h, on_data, 13));
	say("too large", cman_send_data(h, "", 1501, 0, 13, 0));
	say("port of nobody", cman_end_recv_data(h) ? -1 : cman_send_data(h, "x", 1, 0, 0, 0));
}

static void barrier(cman_handle_t h, const char *name, int nodes, int timeout, int arrive)
{
	if (cman_barrier_register(h, name, 0, nodes))
		fail("register");
	if (timeout && cman_barrier_change(h, name, BARRIER_SETATTR_TIMEOUT, timeout))
		fail("timeout");
	if (arrive)
		say("arrived", cman_barrier_change(h, name, BARRIER_SETATTR_ENABLED, 1));
	say("wait", cman_barrier_wait(h, name));
	say("delete", cman_barrier_delete(h, name));
	say("wait", cman_barrier_wait(h, name));
}

static void configuration(void)
{
	const char *const each = "/cluster/clusternodes/clusternode/@name";
	const char *const names[] = { "iscsi2", "iscsi2.example.com", "192.168.10.99" };
	int debug = 0, mode = 0, facility = 1, priority = 6, filepriority = 6;
	char file[4096] = "none", *value;
	int fd, result, i;

	say("other cluster", (errno = -ccs_force_connect("other", 0), -1));
	fd = ccs_force_connect("iscsicluster", 1);
	if (fd <= 0)
		fail("ccs");
	result = ccs_get(fd, "/cluster/@name", &value);
	printf("name %d %s\n", result, result ? "" : value);
	if (!result)
		free(value);
	for (i = 0; i < 2; i++) {
		while (!ccs_get_list(fd, each, &value)) {
			printf("each %s\n", value);
			free(value);
		}
	}
	printf("missing %s\n", strerror(-ccs_get(fd, "/cluster/@nosuch", &value)));
	printf("wrong %s\n", strerror(-ccs_get(fd, "cluster", &value)));
	printf("set %s\n", strerror(-ccs_set(fd, "/cluster/@name", "x")));
	for (i = 0; i < 3; i++) {
		result = ccs_lookup_nodename(fd, names[i], &value);
		printf("%s is %s\n", names[i], result ? strerror(-result) : value);
		free(value);
	}
	ccs_read_logging(fd, "fenced", &debug, &mode, &facility, &priority, &filepriority, file);
	printf("logging %d %d %d %d %d %s\n", debug, mode, facility, priority, filepriority, file);
	result = ccs_disconnect(fd);
	printf("end %d, again %s\n", result, strerror(-ccs_disconnect(fd)));
}

int main(int argc, char **argv)
{
	const char *const word = argc > 1 ? argv[1] : "";
	char private[] = "mine";
	cman_handle_t h = NULL;

	if (!strcmp(word, "ccs")) {
		configuration();
		return 0;
	}
	if (!strcmp(word, "admin")) {
		admin();
		return 0;
	}
	h = cman_init(private);
	if (!h)
		fail("cman_init");
	if (!strcmp(word, "info"))
		info(h);
	else if (!strcmp(word, "aside"))
		aside(h);
	else if (!strcmp(word, "listen") && argc > 2)
		listen_to(h, atoi(argv[2]));
	else if (!strcmp(word, "objects") && argc > 2) {
		answer = atoi(argv[2]);
		listen_to(h, 0);
	} else if (!strcmp(word, "send") && argc > 4)
		say("sent", cman_send_data(h, argv[4], strlen(argv[4]), 0, atoi(argv[2]),
					   atoi(argv[3])));
	else if (!strcmp(word, "listening") && argc > 3)
		say("listening", cman_is_listening(h, atoi(argv[2]), atoi(argv[3])));
	else if ((!strcmp(word, "barrier") || !strcmp(word, "arrive")) && argc > 4)
		barrier(h, argv[2], atoi(argv[3]), atoi(argv[4]), !strcmp(word, "arrive"));
	else
		return 2;
	return cman_finish(h) ? 1 : 0;
}
