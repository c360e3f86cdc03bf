/* The prose of the help topics; see help_paragraphs for its form. */
#ifndef FOPS_CLI_HELP_TOPIC_TEXT_H
#define FOPS_CLI_HELP_TOPIC_TEXT_H

extern const char topic_text_output[];
extern const char topic_text_jsonpath[];
extern const char topic_text_contexts[];
extern const char topic_text_planes[];
extern const char topic_text_proposals[];
extern const char topic_text_secrets[];
extern const char topic_text_scripting[];
extern const char topic_text_topology[];
extern const char topic_text_selection[];
extern const char topic_text_run[];
extern const char topic_text_cache[];
extern const char topic_text_extensions[];
extern const char topic_text_health[];

#endif
