/* The small shell scripts that start a command inside a machine and report, and what is given to them to read. */
#ifndef FOPS_ASSET_INNER_SCRIPT_H
#define FOPS_ASSET_INNER_SCRIPT_H

#include "fops/base/text.h"

/*
 * $0 is the mark, $1 the folder or "", the rest the command. The reports are lines that start with the mark; so do the
 * shell's own messages, which name $0.
 */
#define INNER_SCRIPT                                                                                                   \
	"if [ -n \"$1\" ]; then cd -- \"$1\" 2>/dev/null || { printf '%s folder\\n' \"$0\" >&2; exit 125; }; fi\n"     \
	"shift\n"                                                                                                      \
	"printf '%s started\\n' \"$0\" >&2\n"                                                                          \
	"trap 'printf \"%s exec %s\\n\" \"$0\" \"$?\" >&2' EXIT\n"                                                     \
	"exec \"$@\""

#define JOIN_SCRIPT     "exec 2>&1\n"
#define NO_INPUT_SCRIPT "exec </dev/null\n"

/*
 * Reads what inner_preamble made: variables are exported, words appended to the arguments. When the input ends before
 * its last line nothing may run: a command without half of its environment is another command.
 */
#define PREAMBLE_SCRIPT                                                                                                \
	"while IFS= read -r fops_n || exit 125; [ -n \"$fops_n\" ]; do IFS= read -r fops_v || exit 125\n"              \
	"case $fops_v in *\\\\*) fops_v=$(printf '%bx' \"$fops_v\"); fops_v=${fops_v%x};; esac\n"                      \
	"case $fops_n in @) set -- \"$@\" \"$fops_v\";; *) export \"$fops_n=$fops_v\";; esac; done\n"

/*
 * "NAME\nvalue\n" for each "NAME=value" of set, "@\nword\n" for each word (words may be NULL), and an empty line;
 * values are octal, so that no byte means anything to a shell. In arena.
 */
struct arena;
struct str inner_preamble(struct arena *arena, const struct text_list *set, const char *const *words);

#endif
