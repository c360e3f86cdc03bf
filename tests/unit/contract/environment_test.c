/* The environment of a call against the rules. */
#include "fops/contract/environment.h"

#include <criterion/criterion.h>

#include "place.h"

static struct findings check(struct arena *arena, const char *variable)
{
	const char *const variables[] = { "PATH=/usr/bin", variable, NULL };
	struct findings findings = { .arena = arena };

	environment_check(arena, variables, &findings);
	return findings;
}

Test(environment, names_variables_that_break_a_rule_and_no_value)
{
	static const struct {
		const char *variable, *rule, *name;
	} broken[] = {
		{ "GITHUB_PAT=canary", "R08", "GITHUB_PAT" },
		{ "BOARD_TOKEN=ghp_canarycanarycanary", "R08", "BOARD_TOKEN" },
		{ "NETRC=machine github.com password github_pat_canarycanarycanary", "R08", "NETRC" },
		{ "gh_pat=canary", "R08", "gh_pat" },
		{ "FRACTALOPS_PORTAL_PUBLIC_URL=http://10.0.0.1/canary", "R07", "FRACTALOPS_PORTAL_PUBLIC_URL" },
		{ "EVIDENCE_PUBLIC_BASE_URL=http://2130706433", "R07", "EVIDENCE_PUBLIC_BASE_URL" },
		{ "PUBLIC_URL=https://localhost.", "R07", "PUBLIC_URL" },
		{ "Public_Url=https://board.board.svc", "R07", "Public_Url" },
	};
	struct arena *arena = arena_new((size_t)1024 * 1024);

	for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
		struct findings findings = check(arena, broken[i].variable);

		cr_assert_eq(findings.count, 1, "%s", broken[i].variable);
		cr_expect_str_eq(findings.items[0].rule, broken[i].rule);
		cr_expect_str_eq(findings.items[0].path, broken[i].name);
		cr_expect_str_eq(findings.items[0].file, environment_place);
		cr_expect_null(strstr(findings.items[0].message, "canary"), "%s", findings.items[0].message);
	}
	arena_free(arena);
}

Test(environment, leaves_other_variables_alone)
{
	static const char *const good[] = { "GITHUB_TOKEN=ghs_0123456789abcdef",
		                            "GITHUB_PAT=",
		                            "NO_SIGN",
		                            "EXECUTOR_URL=http://10.0.0.1",
		                            "PUBLIC_URL=https://board.example.net",
		                            "=x",
		                            "REPUBLIC=http://10.0.0.1" };
	struct arena *arena = arena_new((size_t)1024 * 1024);

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		cr_expect_eq(check(arena, good[i]).count, 0, "%s", good[i]);
	arena_free(arena);
}

/* How many findings a variable gives against the contract below. */
static size_t urls(const char *variable)
{
	static const char text[] =
	        ENDPOINT("board",
	                 "  publicUrl: https://board.example.net\n"
	                 "  executorUrl: https://10.0.0.5:8443/control\n") "---\napiVersion: fractalops/v1\nkind: "
	                                                                   "EnvContract\nspec:\n  consumer: portal\n  "
	                                                                   "variables:\n"
	                                                                   "    - {name: BOARD, endpoint: board, url: "
	                                                                   "executor}\n"
	                                                                   "    - {name: BOARD_PUBLIC_URL, endpoint: "
	                                                                   "board, url: public}\n";
	struct place place = place_new();
	const char *const variables[] = { "HOME=/", variable, NULL };
	struct findings findings = { .arena = place.arena };
	struct topology *topology = NULL;
	struct error err = { 0 };

	(void)place_write(&place, "a.yaml", text);
	cr_assert(place_open(&place, false, &topology, &err), "%s",
	          err.finding_count > 0 ? err.findings[0].message : err.message);
	cr_assert(environment_check_urls(place.arena, variables, topology, &findings, &err));
	if (findings.count > 0)
		cr_expect_str_eq(findings.items[0].rule, "R12");
	topology_cleanup(&topology);
	place_done(&place);
	return findings.count;
}

Test(environment, kinds_of_urls_are_not_swapped)
{
	cr_expect_eq(urls("BOARD=https://10.0.0.5:8443/control"), 0);
	cr_expect_eq(urls("BOARD=https://board.example.net"), 1);
	cr_expect_eq(urls("BOARD=https://board.example.net/"), 1);
	cr_expect_eq(urls("BOARD=HTTPS://BOARD.EXAMPLE.NET"), 1);
	cr_expect_eq(urls("BOARD_PUBLIC_URL=https://10.0.0.5:8443/control/"), 1);
	cr_expect_eq(urls("BOARD=https://elsewhere.example.net"), 0);
	cr_expect_eq(urls("BOARDS=https://board.example.net"), 0);
}
