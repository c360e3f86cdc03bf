/* version: what this program is and what it is linked with. */
#include "version.h"

#include "fops/asset/driver.h"
#include "fops/base/arena.h"
#include "fops/cli/call.h"
#include "fops/cli/output.h"
#include "fops/contract/source.h"
#include "fops/data/document.h"

struct library {
	const char *name;
	const char *version;
};

struct version_record {
	const char *version;
	const char *compiler;
	const char *c_library;
	const char *platform;
	bool is_static;
	struct record_list libraries;
};

static const struct column library_columns[] = {
	{ "name", "NAME", SLOT(struct library, name), 0, "name of the library", NULL, NULL, 0 },
	{ "version", "VERSION", SLOT(struct library, version), 0, "version at run time", NULL, NULL, 0 },
	{ 0 },
};

#define ROW(member) SLOT(struct version_record, member)

static const struct column columns[] = {
	{ "version", "VERSION", ROW(version), 0, "version of fops", NULL, NULL, 0 },
	{ "compiler", "COMPILER", ROW(compiler), 0, "compiler it was built with", NULL, NULL, 0 },
	{ "c_library", "C LIBRARY", ROW(c_library), 0, "C library it was built with", NULL, NULL, 0 },
	{ "platform", "PLATFORM", ROW(platform), 0, "processor family and system it was built for", NULL, NULL, 0 },
	{ "static", "STATIC", ROW(is_static), 0, "is everything linked in?", NULL, NULL, 0 },
	{ "libraries", "LIBRARIES", ROW(libraries), 0, "linked libraries", NULL, library_columns,
	  sizeof(struct library) },
	{ 0 },
};

#ifdef __GLIBC__
#define C_LIBRARY "glibc"
#else
#define C_LIBRARY "musl"
#endif

#ifdef FOPS_STATIC
#define IS_STATIC true
#else
#define IS_STATIC false
#endif

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

#if defined(__x86_64__)
#define PLATFORM "x86_64-linux"
#elif defined(__aarch64__)
#define PLATFORM "aarch64-linux"
#else
#define PLATFORM "linux"
#endif

static struct record_list linked_libraries(struct arena *arena)
{
	struct text_map network = asset_libraries(arena);
	struct library *list = arena_array(arena, network.count + 4, sizeof *list);
	size_t count = 0;

	list[count++] = (struct library){ "cJSON", document_json_library() };
	for (size_t i = 0; i < network.count; i++)
		list[count++] = (struct library){ network.items[i].key, network.items[i].value };
	list[count++] = (struct library){ "libgit2", source_git_version(arena) };
	list[count++] = (struct library){ "libssh2", source_ssh_version() };
	list[count++] = (struct library){ "libyaml", document_yaml_library() };
	return (struct record_list){ list, count };
}

static bool show_version(struct call *call, struct error *err)
{
	struct version_record record = { FOPS_VERSION, COMPILER, C_LIBRARY, PLATFORM, IS_STATIC, { NULL, 0 } };
	enum output_format format = output_format(call->output);

	(void)err;
	if (format == OUTPUT_TABLE && call->globals.fields == NULL) {
		output_text(call->output, arena_format(call->arena, "%s " FOPS_VERSION "\n", call->program));
		return true;
	}
	/* asking the libraries loads their tables, which the plain answer does not need */
	record.libraries = linked_libraries(call->arena);
	output_record(call->output, &record);
	return true;
}

static const char *const examples[] = { "fops version", "fops version -o json", "fops version -o jsonpath={.version}",
	                                NULL };

const struct command version_command = {
	.name = "version",
	.summary = "Show the version and every linked library",
	.about = "The plain answer is one line; -o wide, json and yaml add compiler, platform and all linked "
	         "libraries, so that a scanner can read them.",
	.columns = columns,
	.row_size = sizeof(struct version_record),
	.item = "version",
	.schema = "fops.version/1",
	.examples = examples,
	.see = "fops help output",
	.flags = COMMAND_RECORD,
	.run = show_version,
};
