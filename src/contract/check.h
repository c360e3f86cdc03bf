/* The rules of each kind, as the kind table names them, and the ones that kinds share. Private to this room. */
#ifndef FOPS_CONTRACT_CHECK_H
#define FOPS_CONTRACT_CHECK_H

#include "fops/contract/endpoint.h"
#include "rule.h"

void runtime_asset_check(struct arena *arena, const char *file, const struct value *spec, const void *record,
                         struct findings *findings);
void endpoint_check(struct arena *arena, const char *file, const struct value *spec, const void *record,
                    struct findings *findings);
void stack_check(struct arena *arena, const char *file, const struct value *spec, const void *record,
                 struct findings *findings);
void env_contract_check(struct arena *arena, const char *file, const struct value *spec, const void *record,
                        struct findings *findings);

/* The member at path of a spec: "health", "liveness", "readiness". Names what the record may have behind it. */
void health_check(const struct rule_scope *scope, struct arena *arena, const char *path, const struct health *health);

/* One of these must be there for a request. */
#define HEALTH_ANY_OF "preset|path|protocol"

/* The names of health_presets, as choices of the member `preset`. */
#define HEALTH_PRESET_CHOICES                                                                                          \
	"argocd|clickhouse|cloudflared|datahub|datahub-frontend|daytona|dokploy|evidence|feast|glitchtip|hasura|"      \
	"headlamp|incus|k3s|kafka|keycloak|kube-apiserver|langboard|langgraph|mimir|minio|nexus|opa|openbao|"          \
	"otel-collector|oxigraph|penpot|penpot-exporter|playwright-grid|pomerium|pomerium-health|posthog|prometheus|"  \
	"proxmox|redpanda|s3|searxng|supabase|supabase-realtime|supabase-storage|temporal|windmill"

/* Append the Markdown reference of health_presets. */
struct buffer;
void health_reference(struct buffer *out);

/* Does version_from name a place: a JSON Pointer, "body", "header:NAME"? */
bool health_is_version_from(const char *text);

/* `labels` of a spec: few, with keys of identifiers and slashes. */
#define MOST_LABELS 64

/* Of a health contract's request. */
#define MOST_QUERY 32
extern const char labels_text[];
void labels_check(const struct rule_scope *scope, const struct text_map *labels);

/* The member `auth` of an Endpoint, and the rules inside it. */
extern const struct field endpoint_auth_fields[];
void endpoint_auth_check(const struct rule_scope *scope, struct arena *arena, const struct endpoint *endpoint);

/* No secret stands in any place of the document (R02), no scheduler state in its fields and labels (R13). before: the
 * number of findings when its checks began; where one of these stands already, no second one is added. */
void literals_check(const struct rule_scope *scope, size_t before);

/* A reference at path; NULL text is fine. */
void secret_ref_check(const struct rule_scope *scope, struct arena *arena, const char *path, const char *text);

/* An identity at path is no raw address (R07); NULL text is fine. */
void identity_check(const struct rule_scope *scope, const char *path, const char *text);

/* An absolute path at path holds no "." and ".." segments; NULL text and what is no path is fine. */
void path_check(const struct rule_scope *scope, const char *path, const char *text);

/* The letters and digits of ASCII, and the digits of base64 by their value. */
extern const char letters_digits[];
extern const char base64_digits[];

/* Base64 with its padding (RFC 4648 section 4), at least `least` and at most `most` characters. */
bool is_base64(const char *text, size_t least, size_t most);

#endif
