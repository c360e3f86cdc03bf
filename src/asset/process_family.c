/* Finds group and session members in /proc: lxc-attach forwards no signals, and a pty puts the command into a session
 * of its own. */
#include "process_family.h"

#include <dirent.h>
#include <fcntl.h>

#include "fops/base/text.h"

struct member_of {
	long pid, parent, group, session;
};

/* Fields 4 to 6 of /proc/PID/stat, behind the name, which may hold anything. */
static bool read_member(const char *name, struct member_of *ret_member)
{
	char path[300];
	char text[512];
	uint64_t pid;
	ssize_t got;
	int descriptor;
	const char *rest;
	char *end;

	if (!parse_count(name, &pid) || pid > INT32_MAX)
		return false;
	(void)snprintf(path, sizeof path, "/proc/%s/stat", name);
	descriptor = open(path, O_RDONLY | O_CLOEXEC);
	if (descriptor < 0)
		return false;
	got = read(descriptor, text, sizeof text - 1);
	(void)close(descriptor);
	text[got < 0 ? 0 : got] = '\0';
	rest = strrchr(text, ')');
	if (rest == NULL || strlen(rest) < 4)
		return false;
	ret_member->pid = (long)pid;
	ret_member->parent = strtol(rest + 4, &end, 10);
	ret_member->group = strtol(end, &end, 10);
	ret_member->session = strtol(end, &end, 10);
	return true;
}

static bool leads_session_below(pid_t attach, long leader)
{
	char name[32];
	struct member_of member;

	(void)snprintf(name, sizeof name, "%ld", leader);
	return leader > 0 && read_member(name, &member) && member.parent == (long)attach;
}

size_t family_signal(pid_t attach, int number)
{
	struct dirent *entry;
	size_t count = 0;
	DIR *folder;

	/* group 0 is the kernel's, session 1 that of init */
	if (attach <= 1)
		return 0;
	folder = opendir("/proc");
	if (folder == NULL)
		return 0;
	while ((entry = readdir(folder)) != NULL) {
		struct member_of member;

		if (!isdigit((unsigned char)entry->d_name[0]) || !read_member(entry->d_name, &member) ||
		    member.pid == (long)attach)
			continue;
		if ((member.group == (long)attach || leads_session_below(attach, member.session)) &&
		    kill((pid_t)member.pid, number) == 0)
			count++;
	}
	(void)closedir(folder);
	return count;
}
