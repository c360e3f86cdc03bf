/* The adapter block kubernetes: the fields, and the rules inside it. */
#include "block.h"
#include "fops/base/arena.h"
#include "kubernetes_name.h"
#include "pattern.h"

#define MOST_LABELS 64

static const struct field_variant ways[] = {
	{ "pod-proxy", .takes = "port|scheme" },
	{ "service-proxy", .needs = "service", .takes = "port|scheme" },
	{ 0 },
};

const struct field kubernetes_block_fields[] = {
	{ "cluster", SLOT(struct kubernetes_block, cluster), FIELD_REQUIRED | FIELD_IDENTIFIER,
	  .text = "id of the Endpoint of plane kubernetes", .example = "core-cluster" },
	{ "namespace", SLOT(struct kubernetes_block, name_space), .preset = "default", .pattern = PATTERN_LABEL,
	  .text = "the namespace of the pods" },
	{ "selector", SLOT(struct kubernetes_block, selector), FIELD_NOT_EMPTY | FIELD_BLANK_OK,
	  .pattern = PATTERN_SELECTOR_VALUE, .name_pattern = PATTERN_SELECTOR_KEY, .most = MOST_LABELS,
	  .text = "labels that a pod must carry, all of them; this or workload", .example = "app: board" },
	{ "workload", SLOT(struct kubernetes_block, workload), .pattern = PATTERN_WORKLOAD,
	  .text = "the owner of the pods: deployment, statefulset, daemonset, replicaset, job or pod, a slash and its "
	          "name; this or selector",
	  .example = "deployment/board" },
	{ "container", SLOT(struct kubernetes_block, container), FIELD_NOT_EMPTY, .pattern = PATTERN_LABEL,
	  .text = "the container; without it the pod's default container, else its only one" },
	{ "readyOnly", SLOT(struct kubernetes_block, ready_only), .preset = "true",
	  .text = "whether a pod that is not ready is never used; false only prefers ready ones" },
	{ "via", SLOT(struct kubernetes_block, via), .choices = "pod-proxy|service-proxy", .variants = ways,
	  .text = "how requests and health go through the API server when there is no executorRef; without both, no "
	          "HTTP" },
	{ "service", SLOT(struct kubernetes_block, service), FIELD_NOT_EMPTY, .pattern = PATTERN_LABEL,
	  .text = "the service of service-proxy", .example = "board" },
	{ "port", SLOT(struct kubernetes_block, port), FIELD_NOT_EMPTY | FIELD_OR_NUMBER, .minimum = 1,
	  .maximum = 65535, .pattern = PATTERN_PORT_NAME,
	  .text = "name or number of the port behind via; without it, the first", .example = "http" },
	{ "scheme", SLOT(struct kubernetes_block, scheme), .choices = "http|https", .preset = "http",
	  .text = "what the port behind via speaks" },
	{ 0 },
};

static bool is_label(const char *text)
{
	return is_dns_label((struct str){ text, strlen(text) });
}

static void check_name(const struct rule_scope *scope, const char *path, const char *text)
{
	if (text != NULL && text[0] != '\0' && !is_label(text))
		rule_break(scope, RULE_FORM, path, "write the name as kubectl prints it",
		           "not a name of Kubernetes: lower-case letters, digits and inner hyphens, at most 63");
}

static void check_selector(const struct rule_scope *scope, const struct text_map *selector)
{
	struct arena *arena = scope->findings->arena;

	if (selector->count > MOST_LABELS)
		rule_break(scope, RULE_FORM, "kubernetes.selector", "keep at most 64", "%zu labels are too many",
		           selector->count);
	for (size_t i = 0; i < selector->count && i < MOST_LABELS; i++) {
		const struct text_pair *label = &selector->items[i];

		if (!is_selector_key(label->key))
			rule_break(scope, RULE_FORM, arena_format(arena, "kubernetes.selector.%s", label->key),
			           "write a label as the pods carry it, such as app.kubernetes.io/name",
			           "not a label key of Kubernetes: at most 63 letters, digits, dots, hyphens and "
			           "underscores behind an optional DNS name and a slash");
		if (!is_selector_value(label->value))
			rule_break(scope, RULE_FORM, arena_format(arena, "kubernetes.selector.%s", label->key),
			           "write the whole value; only equality is known",
			           "not a label value of Kubernetes: at most 63 letters, digits, dots, hyphens and "
			           "underscores, first and last a letter or digit");
	}
}

void kubernetes_block_check(const struct rule_scope *scope, const struct kubernetes_block *kubernetes)
{
	check_name(scope, "kubernetes.namespace", kubernetes->name_space);
	if (kubernetes->name_space != NULL && kubernetes->name_space[0] == '\0')
		rule_break(scope, RULE_FORM, "kubernetes.namespace", "remove it, or name the namespace",
		           "the namespace must not be empty");
	check_name(scope, "kubernetes.container", kubernetes->container);
	check_name(scope, "kubernetes.service", kubernetes->service);
	check_selector(scope, &kubernetes->selector);
	if (kubernetes->workload != NULL && !is_workload(kubernetes->workload))
		rule_break(scope, RULE_FORM, "kubernetes.workload", "write KIND/NAME such as deployment/board",
		           "not a workload: deployment, statefulset, daemonset, replicaset, job or pod, a slash and a "
		           "name");
	if (kubernetes->port != NULL && kubernetes->port[0] != '\0' && !is_port_name(kubernetes->port))
		rule_break(scope, RULE_FORM, "kubernetes.port", "write the port's name or number",
		           "not a port: a name of at most 15 lower-case letters, digits and single inner hyphens, or "
		           "a number from 1 to 65535");
}
