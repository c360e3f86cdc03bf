/* What an object says of other objects, and what they may ask of it. Private to this room. */
#ifndef FOPS_CONTRACT_RELATION_H
#define FOPS_CONTRACT_RELATION_H

#include "fops/contract/endpoint.h"
#include "fops/contract/kind.h"
#include "fops/contract/rule.h"

struct compilation;

#define NOT_IN_LIST SIZE_MAX

/* What one sort of reference asks of its target; constant rows. */
struct reference_rule {
	enum contract_kind kind; /* that the target is of */
	const char *planes;      /* "prometheus|mimir": one of these, or NULL: any */
	enum rule_id plane_rule; /* the article behind planes */
	bool in_cluster;         /* the auth mode in-cluster stands in for the executor URL */
};

/* One field that names another object. */
struct compiled_ref {
	const char *id;
	const char *path;   /* below spec: "executorRef", or that of the list, "variables"; a constant */
	const char *member; /* of a list's entry, "endpoint"; NULL: the entry itself; a constant */
	size_t index;       /* in the list, or NOT_IN_LIST */
	const struct reference_rule *rule;
	enum url_kind url; /* that an Endpoint must have, or URL_KIND_COUNT: none */
	bool needs_owner;  /* a RuntimeAsset must say its owner */
	uint32_t line, column;
};

/* What others may ask of an object; a kind that is not referred to has none of it. */
struct compiled_traits {
	const char *plane;        /* endpoints */
	bool has[URL_KIND_COUNT]; /* endpoints: the URL was given, well-formed or not */
	bool in_cluster;          /* endpoints: the auth mode that needs no URL */
	bool has_owner;           /* assets */
};

/* Note the references and traits of the compilation's last object. spec is its document, record what it decodes to. */
void relations_note(struct compilation *compilation, const struct value *spec, const void *record);

#endif
