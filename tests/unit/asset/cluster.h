/* A cluster of canned answers: a topology with one endpoint, a server, and a context to ask it. */
#ifndef FOPS_TESTS_ASSET_CLUSTER_H
#define FOPS_TESTS_ASSET_CLUSTER_H

#include "../contract/place.h"
#include "../net/server.h"
#include "fops/base/arena.h"
#include "kubernetes.h"

#define MOST_LOOKS 8

struct cluster {
	struct place place;
	struct topology *topology;
	struct asset_context context;
	struct server *server;
	struct pod_look looks[MOST_LOOKS];
	size_t answered;
};

extern struct cluster cluster;

/* A pod with one container that runs. */
#define POD(name, labels, ready)                                                                                       \
	"{\"metadata\":{\"name\":\"" name "\",\"namespace\":\"boards\",\"uid\":\"u-" name "\",\"labels\":{" labels     \
	"},\"managedFields\":[{\"f:items\":{\"a\":[\"]}\"]}}]},\"spec\":{\"containers\":[{\"name\":\"main\","          \
	"\"ports\":["                                                                                                  \
	"{\"name\":\"http\",\"containerPort\":8080}]}]},\"status\":{\"phase\":\"Running\",\"startTime\":"              \
	"\"2026-01-01T00:00:00Z\",\"conditions\":[{\"type\":\"Ready\",\"status\":\"" ready                             \
	"\"}],\"containerStatuses\":[{\"name\":\"main\",\"restartCount\":0,\"state\":{\"running\":{}}}]}}"
#define APP(value) "\"app\":\"" value "\""

/* For TestSuite. */
void cluster_make(void);
void cluster_close(void);

/* Answers in order, with their length; the connection stays. status is "200 OK", headers end with "\r\n" or are "". */
struct reply answer_with(const char *status, const char *headers, const char *body);
struct reply answer(const char *body);

/* A PodList. */
const char *list(const char *more, const char *items);

/* Start the server, read the topology whose endpoint "cluster" has that auth, open the context. */
void open_cluster(const struct reply *replies, size_t count, const char *auth);
/* The same with a server that was started already. */
void open_cluster_of(struct server *server, const char *auth);

#define OPEN(...)                                                                                                      \
	open_cluster((const struct reply[]){ __VA_ARGS__ },                                                            \
	             sizeof((const struct reply[]){ __VA_ARGS__ }) / sizeof(struct reply), "{mode: none}")

/* Assets "board" of that cluster. */
struct runtime_asset *asset_in(const char *name_space);
struct runtime_asset *by_label(const char *name_space, const char *app);
struct runtime_asset *by_workload(const char *workload);

/* Turn the loop until cluster.answered is count, at most 10 s; and it must not be more. */
void wait_for(size_t count);

/* Does request i hold that text? */
void asks(size_t i, const char *part);

#endif
