/* A kubeconfig as its tables read it, and what its parts become. Private to this room. */
#ifndef FOPS_CONTRACT_KUBECONFIG_PRIVATE_H
#define FOPS_CONTRACT_KUBECONFIG_PRIVATE_H

#include "fops/contract/kubeconfig.h"

struct kube_cluster {
	const char *server;
	const char *authority; /* a file */
	const char *authority_data;
	const char *server_name;
	const char *proxy_url;
	bool insecure;
};

struct kube_user {
	const char *certificate, *certificate_data;
	const char *key, *key_data;
	const char *token, *token_file;
	const char *username, *password;
	const char *as, *as_uid;
	const struct value *as_groups, *as_extra;
	const struct value *exec;
	const struct value *auth_provider;
};

struct kube_context {
	const char *cluster;
	const char *user;
	const char *name_space;
};

struct named_cluster {
	const char *name;
	struct kube_cluster part;
};

struct named_user {
	const char *name;
	struct kube_user part;
};

struct named_context {
	const char *name;
	struct kube_context part;
};

struct kubeconfig {
	const char *kind;
	const char *current;
	struct record_list clusters;
	struct record_list users;
	struct record_list contexts;
};

/* One conversion under way. */
struct kube_import {
	const struct kubeconfig_request *request;
	struct arena *arena;
	struct findings *findings;
	const struct value *document;
};

/* One named part of the lists of a kubeconfig: "users[2].user" and the value that stands there. */
struct kube_place {
	const char *path;
	const struct value *value;
};

/* The document of the text, and what its tables read in it. False after findings, or with err set. */
CHECKED bool kube_read(struct kube_import *import, struct str text, struct kubeconfig *config, struct error *err);

/* Add a finding at a member of a place, or at the place itself when it has no such member. Returns false. */
bool kube_refuse(const struct kube_import *import, const struct kube_place *place, const char *member, const char *fix,
                 const char *format, ...) PRINTF(5, 6);

/* Where and how the server is reached and trusted. False after a finding or with err set by a file. */
CHECKED bool kube_convert_cluster(const struct kube_import *import, const struct kube_place *place,
                                  const struct kube_cluster *cluster, struct endpoint *endpoint);

/* Who asks; place NULL: nobody. endpoint->endpoint.id is set. */
CHECKED bool kube_convert_user(const struct kube_import *import, const struct kube_place *place,
                               const struct kube_user *user, struct kubeconfig_endpoint *endpoint);

/* The text behind base64 with blanks and line breaks, NUL-terminated; false when it is not base64 or holds NUL. */
CHECKED bool kube_decode_base64(struct arena *arena, const char *text, struct str *ret_data);

/* A file that the kubeconfig names: read through request->read, else a finding at the member. */
CHECKED bool kube_read_file(const struct kube_import *import, const struct kube_place *place, const char *member,
                            const char *path, struct str *ret_data);

/* A path as the kubeconfig means it. */
const char *kube_path(const struct kube_import *import, const char *path);

#endif
