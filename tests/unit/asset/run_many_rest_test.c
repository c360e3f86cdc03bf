/* What earlier results leave to do: every form of them, what is broken, and what the topology does not have. */
#include <criterion/criterion.h>

#include "fops/asset/run.h"
#include "fops/base/arena.h"
#include "fops/base/file.h"

#define ASSET(id)                                                                                                      \
	"apiVersion: fractalops/v1\nkind: RuntimeAsset\nspec:\n  assetId: " id                                         \
	"\n  role: any\n  kind: lxc\n  lxc: {driver: local, container: box}\n---\n"
#define ROW(id, state, status)                                                                                         \
	"{\"schema\":\"fops.run-result/1\",\"asset_id\":\"" id "\",\"state\":\"" state "\",\"fops_exit\":" status "}"
#define EVENT(id, state, status) "{\"type\":\"item\",\"item\":" ROW(id, state, status) "}\n"
#define START                    "{\"schema\":\"fops.events/1\",\"type\":\"start\"}\n"

static struct arena *arena;
static struct topology *topology;
static const char *folder;
static const char *path;

static void open_all(void)
{
	static const char text[] = ASSET("box-a") ASSET("box-b") ASSET("box-c");
	struct topology_request request = { 0 };
	struct error err;

	arena = arena_new((size_t)256 << 20);
	folder = arena_format(arena, "/tmp/fops-rest-%d", (int)getpid());
	cr_assert(file_make_folders(folder, &err));
	path = path_join(arena, folder, "runs.jsonl");
	cr_assert(file_write(path_join(arena, folder, "topology.yaml"), text, sizeof text - 1, 0600, false, &err));
	text_list_add(arena, &request.sources, folder);
	cr_assert(topology_open(arena, &request, &topology, &err), "%s", err.message);
}

static void close_all(void)
{
	(void)unlink(path);
	(void)unlink(path_join(arena, folder, "topology.yaml"));
	(void)rmdir(folder);
	topology_cleanup(&topology);
	arena_free(arena);
}

TestSuite(run_many_rest, .init = open_all, .fini = close_all);

static bool read_rest(const char *data, size_t len, struct run_rest *ret_rest, struct error *err)
{
	struct error ignored;

	cr_assert(file_write(path, data, len, 0600, false, &ignored));
	return run_rest_read(arena, topology, path, ret_rest, err);
}

/* The last letters of those that wait. */
static const char *waiting(const struct run_rest *rest)
{
	const char *names = "";

	for (size_t i = 0; i < topology_count(topology, KIND_RUNTIME_ASSET); i++) {
		if (rest->waits[i])
			names = arena_format(arena, "%s%s", names, topology_id(topology, KIND_RUNTIME_ASSET, i) + 4);
	}
	cr_assert_eq(strlen(names), rest->count);
	return names;
}

Test(run_many_rest, understands_every_form_of_results)
{
	static const struct {
		const char *text;
		const char *waits;
	} rows[] = {
		{ START EVENT("box-a", "exited", "0") EVENT("box-b", "exited", "3") "{\"type\":\"end\",\"exit\":16}\n",
		  "b" },
		{ EVENT("box-a", "exited", "3") EVENT("box-a", "exited", "0"), "" },
		{ EVENT("box-a", "exited", "0") EVENT("box-a", "link-lost", "255"), "a" },
		{ EVENT("box-b", "interrupted", "0"), "b" },
		{ ROW("box-a", "timeout", "124") "\n" ROW("box-c", "exited", "0") "\n", "a" },
		{ ROW("box-c", "not-started", "125"), "c" },
		{ "{\n  \"asset_id\": \"box-c\",\n  \"fops_exit\": 1\n}\n", "c" },
		{ "{\"schema\":\"x\",\"items\":[" ROW("box-a", "exited", "1") "," ROW("box-b", "exited", "0") "]}",
		  "a" },
		{ "[\n" ROW("box-a", "exited", "1") ",\n" ROW("box-b", "exited", "9") "\n]\n", "ab" },
		/* a run that was killed: what it selected and did not come to waits */
		{ START "{\"type\":\"selected\",\"asset_ids\":[\"box-a\",\"box-b\",\"box-c\"]}\n" EVENT("box-b",
		                                                                                        "exited", "0"),
		  "ac" },
		{ "\r\n" EVENT("box-a", "exited",
		               "2") "\n\n{\"type\":\"output\",\"asset_id\":\"box-b\",\"line\":\"x\"}\n"
		                    "{\"type\":\"later\",\"member\":{}}\n",
		  "a" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct run_rest rest;
		struct error err;

		cr_assert(read_rest(rows[i].text, strlen(rows[i].text), &rest, &err), "%zu: %s", i, err.message);
		cr_assert_str_eq(waiting(&rest), rows[i].waits, "%zu", i);
		cr_assert_null(rest.cut);
	}
}

Test(run_many_rest, names_file_and_line_of_what_is_broken)
{
	static const struct {
		const char *text;
		const char *place;
		const char *words;
	} rows[] = {
		{ "", ":1: ", "the file is empty" },
		{ "\n\n", ":1: ", "there is no result" },
		{ START "{\"type\":\"end\",\"exit\":0}\n", ":1: ", "there is no result" },
		{ START EVENT("box-a", "exited", "0") "{\"type\":\n" EVENT("box-b", "exited", "0"), ":3:", "" },
		{ EVENT("box-a", "exited", "0") "{\"asset_id\":\"box-b\"}\n", ":2: ", "no fops_exit" },
		{ EVENT("box-a", "exited", "0") "7\n", ":2: ", "no fops_exit" },
		{ EVENT("box-a", "exited", "0") "{\"fops_exit\":1}\n", ":2: ", "asset_id" },
		{ EVENT("box-a", "exited", "0") "{\"asset_id\":\"../x\",\"fops_exit\":1}\n", ":2: ", "asset_id" },
		{ START "{\"type\":\"item\",\"item\":{\"asset_id\":\"box-a\",\"role\":\"x\"}}\n",
		  ":2: ", "no fops_exit" },
		{ "[\n" ROW("box-a", "exited", "1") ",\n{\"asset_id\":\"box-b\"}\n]\n", ":3: ", "no fops_exit" },
		{ "box-a\nbox-b\n", ":1:", "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct run_rest rest;
		struct error err = { 0 };

		cr_assert_not(read_rest(rows[i].text, strlen(rows[i].text), &rest, &err), "%zu", i);
		cr_assert_eq(err.id, ERROR_DATA);
		cr_assert(text_starts(err.message, arena_format(arena, "%s%s", path, rows[i].place)), "%zu: %s", i,
		          err.message);
		cr_assert_not_null(strstr(err.message, rows[i].words), "%zu: %s", i, err.message);
	}
}

Test(run_many_rest, leaves_a_cut_last_line_out)
{
	static const char text[] = EVENT("box-a", "exited", "1") "{\"type\":\"item\",\"item\":{\"asset_id\":\"bo";
	struct run_rest rest;
	struct error err;

	cr_assert(read_rest(text, sizeof text - 1, &rest, &err), "%s", err.message);
	cr_assert_str_eq(waiting(&rest), "a");
	cr_assert(text_starts(rest.cut, arena_format(arena, "%s:2: ", path)), "%s", rest.cut);
}

Test(run_many_rest, tells_what_the_topology_does_not_have)
{
	static const char text[] = EVENT("gone-1", "exited", "1") EVENT("box-a", "exited", "1")
	        EVENT("gone-2", "exited", "1") EVENT("gone-2", "exited", "0") EVENT("gone-3", "exited", "0");
	struct run_rest rest;
	struct error err;

	cr_assert(read_rest(text, sizeof text - 1, &rest, &err), "%s", err.message);
	cr_assert_str_eq(waiting(&rest), "a");
	cr_assert_eq(rest.unknown.count, 1);
	cr_assert_str_eq(rest.unknown.items[0], arena_format(arena, "%s:1: the topology has no asset gone-1", path));
}

Test(run_many_rest, gives_up_when_nothing_fits_the_topology)
{
	struct buffer text = BUFFER((size_t)1 << 20);
	struct run_rest rest;
	struct error err;

	for (int i = 0; i < 1001; i++)
		buffer_format(&text, "{\"asset_id\":\"gone-%d\",\"fops_exit\":1}\n", i);
	cr_assert_not(read_rest(text.data, text.len, &rest, &err));
	cr_assert_eq(err.id, ERROR_DATA);
	cr_assert_not_null(strstr(err.message, ":1001: too many"), "%s", err.message);
	buffer_done(&text);
}

Test(run_many_rest, reads_much_output_in_little_memory)
{
	static char line[60000];
	struct buffer text = BUFFER((size_t)64 << 20);
	struct run_rest rest;
	struct error err;

	memset(line, 'x', sizeof line - 1);
	for (int i = 0; i < 400; i++)
		buffer_format(&text,
		              "{\"type\":\"output\",\"asset_id\":\"box-a\",\"stream\":\"stdout\",\"line\":\"%s\"}\n",
		              line);
	buffer_text(&text, EVENT("box-b", "exited", "1"));
	cr_assert(read_rest(text.data, text.len, &rest, &err), "%s", err.message);
	cr_assert_str_eq(waiting(&rest), "b");
	buffer_done(&text);
}

Test(run_many_rest, refuses_what_cannot_be_read)
{
	struct run_rest rest;
	struct error err;

	cr_assert_not(run_rest_read(arena, topology, "/tmp/fops-no-such-file", &rest, &err));
	cr_assert_eq(err.id, ERROR_INPUT_NOT_FOUND);
	cr_assert_not(run_rest_read(arena, topology, "/tmp", &rest, &err));
	cr_assert_eq(err.id, ERROR_IO_READ);
}
