/* The stack catalogue of 2026-05-10, row by row, and what its ownership classes mean for us. */
#include "fops/base/text.h"
#include "fops/contract/stack.h"

const char stack_integration_refused[] = "an integration endpoint has URL, auth and readiness and nothing else";

/* Only what directly provides runtime execution, identity, secrets, proof, lineage or delivery state is a substrate. */
const struct catalogue_stack stack_catalogue[] = {
	{ "argocd", "bootstrap_argocd_identity_gitops", "GitOps substrate", STACK_SUBSTRATE },
	{ "clickhouse", "bootstrap_clickhouse", "warehouse/proof fact plane", STACK_SUBSTRATE },
	{ "cloudflared", "install_cloudflared_openbao", "edge connector", STACK_INTEGRATION },
	{ "datahub", "bootstrap_datahub", "catalog/lineage plane", STACK_SUBSTRATE },
	{ "daytona", "create_project_daytona_workspace", "execution workspace substrate", STACK_SUBSTRATE },
	{ "dokploy", "configure_dokploy_git_transport", "persistent backing services + static delivery endpoint",
	  STACK_INTEGRATION },
	{ "evidence", "bootstrap_evidence_supabase", "Chronicle/evidence storage", STACK_SUBSTRATE },
	{ "fractalops", "bootstrap_fractalops_apps", "product runtime", STACK_SUBSTRATE },
	{ "gitops", "reconcile_connector_ssot", "topology reconciliation", STACK_SUBSTRATE },
	{ "headlamp", "bootstrap_headlamp", "Kubernetes operator UI endpoint", STACK_INTEGRATION },
	{ "k3s", "reconcile_k3s_oidc", "Kubernetes execution substrate", STACK_SUBSTRATE },
	{ "kafka", "bootstrap_kafka", "event/log stream substrate", STACK_SUBSTRATE },
	{ "langboard", "create_project_daytona_workspace", "project lifecycle and issue surface", STACK_SUBSTRATE },
	{ "nexus", "reconcile_nexus_fractalops",
	  "internal package + docker/build cache registry (folds the former registry-cache LXC)", STACK_INTEGRATION },
	{ "openbao-secret-delivery", "reconcile_connector_ssot", "secret delivery chain", STACK_SUBSTRATE },
	{ "penpot", "bootstrap_daytona_penpot_argocd", "design endpoint", STACK_INTEGRATION },
	{ "pomerium", "bootstrap_pomerium_runtime", "zero-trust access edge", STACK_INTEGRATION },
	{ "runtime-storage", "storage_surface_metrics", "storage pressure and cleanup", STACK_SUBSTRATE },
	{ "windmill", "windmill_runbook_catalog", "runbook and lightweight automation endpoint", STACK_INTEGRATION },
	{ 0 },
};

static const char *const ownership_names[STACK_OWNERSHIP_COUNT] = {
	[STACK_SUBSTRATE] = "execution-substrate",
	[STACK_INTEGRATION] = "integration-endpoint",
};

const char *stack_ownership_name(enum stack_ownership ownership)
{
	return ownership_names[ownership];
}

const struct catalogue_stack *catalogue_stack_find(const char *name)
{
	size_t low = 0, high = ARRAY_LEN(stack_catalogue) - 1;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(stack_catalogue[middle].name, name);

		if (order == 0)
			return &stack_catalogue[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}
