/* The tables by which pods and workloads are decoded. */
#ifndef FOPS_ASSET_KUBERNETES_POD_FIELDS_H
#define FOPS_ASSET_KUBERNETES_POD_FIELDS_H

#include "fops/data/decode.h"

extern const struct field pod_fields[];      /* of struct pod_object */
extern const struct field selector_fields[]; /* spec.selector, of struct selector_object */

/* A LabelSelector as it stands in a workload. */
struct selector_object {
	struct text_map labels;
	struct record_list requirements; /* of struct pod_requirement */
};

#endif
