/* The command lines of the LXC drivers, and what lxc-attach says of its own failures. */
#ifndef FOPS_ASSET_LXC_COMMAND_H
#define FOPS_ASSET_LXC_COMMAND_H

#include "fops/asset/driver.h"
#include "fops/base/buffer.h"

/* Who the command is inside the container. */
struct lxc_user {
	const char *uid, *gid; /* digits; NULL: root without asking */
	const char *name;      /* for USER */
	const char *home;
};

/* A command inside the container. */
struct lxc_command {
	const struct lxc_block *lxc;
	const char *const *argv;
	struct text_list environment; /* "NAME=value" */
	const char *workdir;          /* or NULL */
	const char *terminal_name;    /* TERM, or NULL */
	struct lxc_user user;
	const char *log_path; /* where lxc-attach writes its own errors; NULL: to stderr */
	const char *mark;     /* with it the command is started by a small shell script that reports; else directly */
	bool values_in_words; /* no other way for the environment than the words */
};

/*
 * The words of lxc-attach, NULL-terminated, in arena. ret_set are the "NAME=value" that must be in the environment of
 * lxc-attach: values stay out of the words, which every user of the machine can read; only names that would steer
 * lxc-attach or the loader itself (LD_…, PATH and the like) are given as words.
 */
const char *const *lxc_attach_words(struct arena *arena, const struct lxc_command *command, struct text_list *ret_set);

/* The words of lxc-info that print the container's state. */
const char *const *lxc_info_words(struct arena *arena, const struct lxc_block *lxc);

/* A script for the inside that prints "UID GID HOME" of a user name. */
const char *const *lxc_user_words(struct arena *arena, const char *name);

/* Read what that script printed; false when it is anything else. */
CHECKED bool lxc_user_read(struct arena *arena, const char *text, const char *name, struct lxc_user *ret_user);

/*
 * --user as words: "1000", "1000:1000" are taken as they stand, a plain name needs a look-up (ret_name).
 * errors  USAGE_BAD_VALUE
 */
CHECKED bool lxc_user_parse(struct arena *arena, const char *text, struct lxc_user *ret_user, const char **ret_name,
                            struct error *err);

/* Refuse container names that are no plain name. errors CONTRACT_INVALID */
CHECKED bool lxc_name_check(const struct lxc_block *lxc, struct error *err);

/* One word in single quotes for a POSIX shell; several joined by blanks. */
void shell_quote(struct buffer *out, const char *word);
void shell_quote_words(struct buffer *out, const char *const *words);

/* Every byte but letters and digits as \0ooo, for `printf %b`. */
void shell_octal(struct buffer *out, const char *text);

/* What lxc-attach complains of. */
enum lxc_complaint {
	LXC_NO_COMPLAINT,
	LXC_EXEC_FAILED, /* attached, but the program did not start: the exit status says why */
	LXC_NOT_RUNNING, /* no such container, or it does not run */
	LXC_FORBIDDEN,   /* this user may not */
	LXC_ATTACH_FAILED,
};

/* Judge the text of its errors (from the log file or stderr); ret_text is the first one without its place in the
 * sources, in arena. */
enum lxc_complaint lxc_complaint_read(struct arena *arena, const char *text, size_t len, const char **ret_text);

#endif
