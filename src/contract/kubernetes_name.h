/* The names that Kubernetes accepts. Private to this room. */
#ifndef FOPS_CONTRACT_KUBERNETES_NAME_H
#define FOPS_CONTRACT_KUBERNETES_NAME_H

#include "fops/base/text.h"

/* An RFC 1123 label: lower-case letters, digits and inner hyphens, at most 63. Namespaces, containers, services. */
bool is_dns_label(struct str text);

/* RFC 1123 labels joined by dots, at most 253 in all. Pods and what owns them. */
bool is_dns_name(struct str text);

/* A label's name, with or without a DNS name and a slash before it; a label's value, which may be empty. */
bool is_selector_key(const char *text);
bool is_selector_value(const char *text);

/* A port's name (RFC 6335 section 5.1, lower-case, at most 15) or its number from 1 to 65535. */
bool is_port_name(const char *text);

/* KIND/NAME with a kind that owns pods, or pod itself. */
bool is_workload(const char *text);

#endif
