/* A small command tree for the tests of what is rendered from trees. */
#ifndef FOPS_TESTS_SAMPLE_TREE_H
#define FOPS_TESTS_SAMPLE_TREE_H

#include "fops/cli/command.h"

/* root: boxes (list, show, run), version, secretly (hidden) */
extern const struct command sample_root;
extern const struct command sample_list;
extern const struct command sample_show;
extern const struct command sample_run;

#endif
