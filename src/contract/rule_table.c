/* The constitution: R01 to R18, one row each. */
#include "fops/base/text.h"
#include "fops/contract/rule.h"

static const char stack_map[] = "Current Stack, Solution, and IA Map 2026-05-10";
static const char projection[] = "Harness Runtime and DataHub Projection";
static const char handoff[] = "Engineering Handoff";
static const char architecture[] = "FractalOps Canonical Architecture";
static const char requirements[] = "FractalOps Core Requirements";

const struct rule_row rule_rows[RULE_COUNT] = {
	[RULE_R01] = { "R01", "DataHub alone never closes proof", projection, "closure of a proof", "proof close",
	               "error", "read back the Semantics identity, the ClickHouse fact and the Chronicle evidence",
	               RULE_PENDING },
	[RULE_R02] = { "R02", "a secret value stands in no contract and is never shown; references and modes do",
	               projection, "every document; what is printed, logged, cached and emitted",
	               "infra validate|rules check", "error", "keep the value in OpenBao, and write its reference",
	               RULE_ENFORCED },
	[RULE_R03] = { "R03", "one project workspace has slots for its agents; a workspace for each agent is refused",
	               projection, "Project documents, workspace leases", "projects", "error",
	               "give the agent a slot in the project's workspace", RULE_PENDING },
	[RULE_R04] = { "R04", "a browser session is the lease of one agent", projection, "browser leases",
	               "browser lease", "error", "take a lease for the agent that asks", RULE_PENDING },
	[RULE_R05] = { "R05", "search output is not truth without proposal and evidence", projection, "search results",
	               "search", "error", "file a proposal, and close it with evidence", RULE_PENDING },
	[RULE_R06] = { "R06", "the closer has no general code write authority: DataHub, RDF and doc closure only",
	               projection, "TeamContract documents, closure of a proof", "projects|proof close", "error",
	               "leave writing code to another role", RULE_PENDING },
	[RULE_R07] = { "R07", "a raw local or cluster address is no identity and no public URL", stack_map,
	               "ids, names and public URLs of every document; public URLs of the environment",
	               "infra validate|rules check", "error", "use a domain, an asset id or a SPIFFE id",
	               RULE_ENFORCED },
	[RULE_R08] = { "R08", "agents use GitHub App installation tokens; a human's access token is refused", stack_map,
	               "names of variables and references, and every secret when it is read",
	               "infra validate|rules check|runtime-assets request|endpoints check", "error",
	               "install the GitHub App, and refer to its installation token", RULE_ENFORCED },
	[RULE_R09] = { "R09", "public continuity is fresh or resume, and nothing else", architecture,
	               "the option --continuity", "stacks run", "error", "write fresh or resume", RULE_ENFORCED },
	[RULE_R10] = { "R10", "an evidence or event row holds digest, summary and refs, never a full graph snapshot",
	               stack_map, "evidence and event rows", "events", "error",
	               "store the snapshot in Chronicle, and its digest in the row", RULE_PENDING },
	[RULE_R11] = { "R11", "visual evidence links to the three owned hosts only", architecture, "closure of a proof",
	               "proof close", "error", "publish it below one of the three public URLs of the organization",
	               RULE_PENDING },
	[RULE_R12] = { "R12", "machines are controlled over the executor URL, people get the public URL", handoff,
	               "references to endpoints, variables of consumers, their environment",
	               "infra validate|rules check", "error", "name the kind of URL that is meant", RULE_ENFORCED },
	[RULE_R13] = { "R13", "no scheduler state in Studio, Ouroboros or AgentSquad objects", projection,
	               "fields and labels of every document", "infra validate|rules check", "error",
	               "leave retry, timers and queues to Temporal", RULE_ENFORCED },
	[RULE_R14] = { "R14", "each plane keeps to its role", stack_map, "metrics of stacks",
	               "infra validate|rules check|stacks check", "error", "ask the plane whose role it is",
	               RULE_ENFORCED },
	[RULE_R15] = { "R15", "proposal-bound work never bypasses the queue", requirements, "operations of stacks",
	               "stacks run", "error", "file a proposal, and let the queue run it", RULE_ENFORCED },
	[RULE_R16] = { "R16", "secrets come from OpenBao or an explicit env overlay", handoff,
	               "references of every document, defaults of variables", "infra validate|rules check", "error",
	               "keep it in OpenBao or in the environment, and write its reference", RULE_ENFORCED },
	[RULE_R17] = { "R17", "only adapters run qm, pct, kubectl or a shell", handoff,
	               "the sources of this program, by a test of its build", NULL, "error",
	               "call runtime-asset control", RULE_ENFORCED },
	[RULE_R18] = { "R18", "a project reports to its own bound issue surface, Ouroboros to FractalOps", handoff,
	               "Project documents, events", "projects", "error", "bind the project's own issue surface",
	               RULE_PENDING },
};

enum rule_id rule_find(const char *id)
{
	for (size_t i = 0; i < RULE_COUNT; i++) {
		if (rule_rows[i].id != NULL && strcasecmp(rule_rows[i].id, id) == 0)
			return (enum rule_id)i;
	}
	return RULE_FORM;
}
