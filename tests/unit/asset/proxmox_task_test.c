/* Task names, results, the choice of the task that explains a guest, and texts that somebody else wrote. */
#include <criterion/criterion.h>

#include "fops/base/arena.h"
#include "proxmox_task.h"

static struct arena *arena;
static const struct runtime_asset asset = { .asset_id = "board-01" };

static void make_arena(void)
{
	arena = arena_new((size_t)16 << 20);
}

static void free_arena(void)
{
	arena_free(arena);
}

TestSuite(proxmox_task, .init = make_arena, .fini = free_arena);

/* --- names --- */

Test(proxmox_task, a_name_is_taken_apart)
{
	struct proxmox_task task;

	cr_assert(proxmox_upid_parse(arena, "UPID:pve-1:0003F2A1:001BAD07:69206E00:vzdump:101:root@pam!job:", &task));
	cr_assert_str_eq(task.node, "pve-1");
	cr_assert_str_eq(task.type, "vzdump");
	cr_assert_str_eq(task.id, "101");
	cr_assert_str_eq(task.user, "root@pam!job");
	cr_assert_eq(task.started, 0x69206E00);
	cr_assert_str_eq(task.upid, "UPID:pve-1:0003F2A1:001BAD07:69206E00:vzdump:101:root@pam!job:");
	cr_assert_null(task.result);
}

Test(proxmox_task, a_job_has_no_guest_and_a_long_uptime_nine_digits)
{
	struct proxmox_task task;

	cr_assert(proxmox_upid_parse(arena, "UPID:n:ffffffff:1FFFFFFFF:FFFFFFFF:vzdump::j\xC3\xB6rg@ad:", &task));
	cr_assert_str_eq(task.id, "");
	cr_assert_eq(task.started, 0xFFFFFFFF);
}

Test(proxmox_task, names_that_are_none_are_refused)
{
	static const char *const texts[] = {
		"",
		"UPID:",
		"UPID",
		"upid:pve1:0003F2A1:001BAD07:69206E00:vzdump:101:root@pam:",
		" UPID:pve1:0003F2A1:001BAD07:69206E00:vzdump:101:root@pam:",
		"UPID:pve1:0003F2A1:001BAD07:69206E00:vzdump:101:root@pam",
		"UPID:pve1:0003F2A1:001BAD07:69206E00:vzdump:101:root@pam:\n",
		"UPID:pve1:0003F2A1:001BAD07:69206E00:vzdump:101:root@pam::",
		"UPID:pve1:0003F2A1:001BAD07:69206E00:vzdump:101:root@pam:x",
		"UPID:pve1:0003F2A1:001BAD07:69206E00:vzdump:101::",
		"UPID:pve1:0003F2A1:001BAD07:69206E00::101:root@pam:",
		"UPID::0003F2A1:001BAD07:69206E00:vzdump:101:root@pam:",
		"UPID:-pve1:0003F2A1:001BAD07:69206E00:vzdump:101:root@pam:",
		"UPID:pve1-:0003F2A1:001BAD07:69206E00:vzdump:101:root@pam:",
		"UPID:pve.1:0003F2A1:001BAD07:69206E00:vzdump:101:root@pam:",
		"UPID:..:0003F2A1:001BAD07:69206E00:vzdump:101:root@pam:",
		"UPID:pve1/..:0003F2A1:001BAD07:69206E00:vzdump:101:root@pam:",
		"UPID:pve1:003F2A1:001BAD07:69206E00:vzdump:101:root@pam:",
		"UPID:pve1:00003F2A1:001BAD07:69206E00:vzdump:101:root@pam:",
		"UPID:pve1:0003F2G1:001BAD07:69206E00:vzdump:101:root@pam:",
		"UPID:pve1:+003F2A1:001BAD07:69206E00:vzdump:101:root@pam:",
		"UPID:pve1:0x03F2A1:001BAD07:69206E00:vzdump:101:root@pam:",
		"UPID:pve1:0003F2A1:01BAD07:69206E00:vzdump:101:root@pam:",
		"UPID:pve1:0003F2A1:00001BAD07:69206E00:vzdump:101:root@pam:",
		"UPID:pve1:0003F2A1:001BAD07:169206E00:vzdump:101:root@pam:",
		"UPID:pve1:0003F2A1:001BAD07:-9206E00:vzdump:101:root@pam:",
		"UPID:pve1:0003F2A1:001BAD07:69206E00:vz dump:101:root@pam:",
		"UPID:pve1:0003F2A1:001BAD07:69206E00:../../x:101:root@pam:",
		"UPID:pve1:0003F2A1:001BAD07:69206E00:vzdump:1/1:root@pam:",
		"UPID:pve1:0003F2A1:001BAD07:69206E00:vzdump:101:root\x1B[2J@pam:",
		"UPID:pve1:0003F2A1:001BAD07:69206E00:vzdump:101:root\x7F@pam:",
		"UPID:pve1:0003F2A1:001BAD07:69206E00:vzdump:101:root\xFF@pam:",
		"UPID:pve1:0003F2A1:001BAD07:69206E00:vzdump:101:\xC0\xAF:",
	};
	struct proxmox_task task;

	cr_assert(!proxmox_upid_parse(arena, NULL, &task));
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		cr_assert(!proxmox_upid_parse(arena, texts[i], &task), "%s", texts[i]);
}

static const char *name_of_length(size_t len)
{
	const char *head = "UPID:pve1:0003F2A1:001BAD07:69206E00:vzdump:101:";

	return arena_format(arena, "%s%0*d:", head, (int)(len - strlen(head) - 1), 0);
}

Test(proxmox_task, a_name_is_bounded)
{
	struct proxmox_task task;

	cr_assert_eq(strlen(name_of_length(320)), 320);
	cr_assert(proxmox_upid_parse(arena, name_of_length(320), &task));
	cr_assert(!proxmox_upid_parse(arena, name_of_length(321), &task));
	cr_assert(!proxmox_upid_parse(arena, name_of_length(1000000), &task));
}

Test(proxmox_task, a_name_in_a_path_leads_nowhere_else)
{
	struct proxmox_task task;

	cr_assert(proxmox_upid_parse(arena, "UPID:pve1:0003F2A1:001BAD07:69206E00:a?b#c%2F..:101:r@p!t\\:", &task));
	cr_assert_str_eq(proxmox_task_path(arena, &task, "/status"),
	                 "/api2/json/nodes/pve1/tasks/UPID:pve1:0003F2A1:001BAD07:69206E00:a%3Fb%23c%252F..:101:"
	                 "r%40p%21t%5C:/status");
}

/* --- results --- */

Test(proxmox_task, ok_and_warnings_are_success_and_nothing_else)
{
	static const char *const failures[] = { "",
		                                "ok",
		                                "OK ",
		                                "WARNINGS",
		                                "WARNINGS: ",
		                                "WARNINGS: x",
		                                "WARNINGS: 1 and more",
		                                "WARNINGS: -1",
		                                "WARNINGS:1",
		                                "unexpected status",
		                                "start failed: OK" };

	cr_assert(proxmox_result_is_good("OK"));
	cr_assert(proxmox_result_is_good("WARNINGS: 1"));
	cr_assert(proxmox_result_is_good("WARNINGS: 120"));
	cr_assert(!proxmox_result_is_good(NULL));
	for (size_t i = 0; i < ARRAY_LEN(failures); i++)
		cr_assert(!proxmox_result_is_good(failures[i]), "%s", failures[i]);
}

/* --- the choice --- */

/* A row of a list: type, guest, when it began and ended (0: runs), its result. */
static const char *row(const char *type, const char *id, unsigned began, unsigned ended, const char *status)
{
	return arena_format(arena,
	                    "{\"upid\":\"UPID:pve1:0003F2A1:001BAD07:%08X:%s:%s:root@pam:\",\"status\":\"%s\"%s}",
	                    began, type, id, status, ended == 0 ? "" : arena_format(arena, ",\"endtime\":%u", ended));
}

static const struct value *read_rows(const char *const *rows)
{
	const char *text = *rows;
	struct http_exchange exchange = { .status = 200 };
	struct proxmox_answer answer;
	struct error err;

	for (rows++; *rows != NULL; rows++)
		text = arena_format(arena, "%s,%s", text, *rows);
	exchange.body = arena_format(arena, "{\"data\":[%s]}", text);
	exchange.body_received = strlen(exchange.body);
	cr_assert(proxmox_answer_read(arena, &asset, &exchange, &answer, &err), "%s", exchange.body);
	return answer.data;
}

#define ROWS(...) read_rows((const char *const[]){ __VA_ARGS__, NULL })

static const struct proxmox_question of_101 = { .node = "pve1", .vmid = 101 };

static void expect_pick(const struct value *list, struct proxmox_question question, const char *type,
                        const char *result)
{
	struct proxmox_task task;

	cr_assert(proxmox_task_pick(arena, list, &question, &task), "%s", type);
	cr_assert_str_eq(task.type, type);
	if (result == NULL)
		cr_assert_null(task.result, "%s", task.result);
	else
		cr_assert_str_eq(task.result, result);
}

static void expect_none(const struct value *list, struct proxmox_question question)
{
	struct proxmox_task task;

	cr_assert(!proxmox_task_pick(arena, list, &question, &task), "%s %s", task.type, task.result);
}

Test(proxmox_task, one_that_runs_comes_first)
{
	expect_pick(ROWS(row("vzstart", "101", 200, 300, "startup failed"), row("vzdump", "101", 100, 0, "RUNNING")),
	            of_101, "vzdump", NULL);
}

Test(proxmox_task, the_lock_names_its_task)
{
	struct proxmox_question locked = of_101;

	locked.lock = "migrate";
	expect_pick(ROWS(row("resize", "101", 300, 0, "RUNNING"), row("vzmigrate", "101", 100, 0, "RUNNING"),
	                 row("hastop", "101", 200, 0, "RUNNING")),
	            locked, "vzmigrate", NULL);
	locked.lock = "no such lock";
	expect_pick(ROWS(row("resize", "101", 300, 0, "RUNNING"), row("vzmigrate", "101", 100, 0, "RUNNING")), locked,
	            "resize", NULL);
}

Test(proxmox_task, the_newest_failure_counts)
{
	expect_pick(ROWS(row("vzstart", "101", 100, 110, "old"), row("vzstart", "101", 200, 210, "new"),
	                 row("vzstart", "101", 150, 160, "between")),
	            of_101, "vzstart", "new");
}

Test(proxmox_task, a_good_start_settles_what_came_before)
{
	expect_none(ROWS(row("vzstart", "101", 200, 210, "OK"), row("vzstart", "101", 100, 110, "failed")), of_101);
	expect_none(ROWS(row("vzrestore", "101", 200, 210, "WARNINGS: 2"), row("vzdump", "101", 1, 2, "x")), of_101);
	expect_pick(ROWS(row("vzshutdown", "101", 300, 310, "OK"), row("vzstart", "101", 200, 210, "OK")), of_101,
	            "vzshutdown", "OK");
}

Test(proxmox_task, warnings_are_no_failure)
{
	expect_none(ROWS(row("vzdump", "101", 100, 110, "WARNINGS: 1"), row("resize", "101", 120, 130, "OK")), of_101);
	expect_pick(ROWS(row("vzdump", "101", 120, 130, "WARNINGS: 1"), row("qmstart", "101", 100, 110, "no")), of_101,
	            "qmstart", "no");
}

Test(proxmox_task, onlookers_hold_and_break_nothing)
{
	expect_none(ROWS(row("vncproxy", "101", 100, 0, "RUNNING"), row("vncproxy", "101", 100, 110, "connection lost"),
	                 row("termproxy", "101", 100, 0, "RUNNING")),
	            of_101);
}

Test(proxmox_task, rows_of_others_are_passed_over)
{
	expect_none(ROWS(row("vzstart", "1010", 100, 110, "x"), row("vzstart", "", 100, 110, "x"),
	                 "{\"upid\":\"UPID:pve2:0003F2A1:001BAD07:00000064:vzstart:101:root@pam:\",\"status\":\"x\"}",
	                 "{\"upid\":7,\"status\":\"x\"}", "{\"status\":\"x\"}", "null", "[]", "7"),
	            of_101);
}

Test(proxmox_task, a_job_over_several_guests_counts_when_it_is_asked_for)
{
	struct proxmox_question job = of_101;

	job.job = true;
	expect_pick(ROWS(row("vzdump", "", 100, 0, "RUNNING")), job, "vzdump", NULL);
	expect_none(ROWS(row("vzdump", "102", 100, 0, "RUNNING")), job);
}

Test(proxmox_task, only_what_leads_away_explains_an_absence)
{
	struct proxmox_question away = of_101;

	away.away = true;
	expect_pick(ROWS(row("vzstart", "101", 300, 310, "failed"), row("vzmigrate", "101", 100, 110, "OK")), away,
	            "vzmigrate", "OK");
	expect_none(ROWS(row("vzstart", "101", 300, 310, "failed"), row("vzdump", "101", 300, 0, "RUNNING")), away);
}

Test(proxmox_task, times_beyond_reason_are_no_times)
{
	struct proxmox_task task;

	cr_assert(proxmox_task_pick(arena,
	                            ROWS("{\"upid\":\"UPID:pve1:0003F2A1:001BAD07:00000064:vzstart:101:root@pam:\","
	                                 "\"endtime\":9007199254740991}"),
	                            &of_101, &task));
	cr_assert_eq(task.ended, 0);
	cr_assert_str_eq(task.result, "unexpected status");
}

Test(proxmox_task, what_is_no_list_has_no_task)
{
	static const struct value text = { .kind = VALUE_TEXT };

	expect_none(NULL, of_101);
	expect_none(&text, of_101);
}

/* --- texts --- */

static const char *plain(const char *text, size_t most)
{
	return proxmox_plain(arena, &(struct http_access){ 0 }, text, most);
}

Test(proxmox_task, texts_are_one_safe_bounded_line)
{
	static const char turned[] = { '\xE2', '\x80', '\xAE', '\0' }; /* the rest is read from right to left */

	cr_assert_str_eq(plain("first\nsecond", 100), "first");
	cr_assert_str_eq(plain("a\x1B[2Jb\tc", 100), "a\\x1B[2Jb\\x09c");
	cr_assert_str_eq(plain(turned, 100), "\\xE2\\x80\\xAE");
	cr_assert_str_eq(plain("abcdef", 3), "abc");
	cr_assert_str_eq(plain("\xE2\x82\xAC\xE2\x82\xAC", 5), "\xE2\x82\xAC");
	cr_assert_eq(strlen(plain(name_of_length(1000000), 200)), 200);
}

Test(proxmox_task, bytes_of_a_log_become_letters_again)
{
	cr_assert_str_eq(plain("caf\xC3\x83\xC2\xA9", 100), "caf\xC3\xA9");
	cr_assert_str_eq(plain("caf\xC3\xA9", 100), "caf\xC3\xA9");
}

Test(proxmox_task, secrets_are_masked_before_the_cut)
{
	struct secret *secret = secret_new("0123456789-secret", 17);
	const struct http_access access = { .credential = secret };

	cr_assert_str_eq(proxmox_plain(arena, &access, "told 0123456789-secret twice", 100), "told (secret) twice");
	cr_assert_str_eq(proxmox_plain(arena, &access, "told 0123456789-secret", 12), "told (secret");
	secret_free(secret);
}

static const char *log_end(const char *text)
{
	struct http_exchange exchange = { .status = 200, .body = text, .body_received = strlen(text) };
	struct proxmox_answer answer;
	struct error err;

	cr_assert(proxmox_answer_read(arena, &asset, &exchange, &answer, &err), "%s", text);
	return proxmox_log_end(answer.data);
}

Test(proxmox_task, a_log_ends_before_its_verdict)
{
	cr_assert_str_eq(
	        log_end("{\"data\":[{\"n\":1,\"t\":\"why\"},{\"n\":2,\"t\":\"\"},{\"n\":3,\"t\":\"TASK ERROR: x\"}]}"),
	        "why");
	cr_assert_null(log_end("{\"data\":[{\"n\":1,\"t\":\"TASK ERROR: x\"}]}"));
	cr_assert_null(log_end("{\"data\":[{\"n\":1},{\"t\":7},null,\"t\"]}"));
	cr_assert_null(log_end("{\"data\":\"t\"}"));
	cr_assert_null(log_end("{\"data\":null}"));
}
