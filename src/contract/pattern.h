/* The rules of single texts as patterns of JSON Schema (ECMA 262), so that a schema refuses what the program refuses.
 * Private to this room; tests/contract compares both on the same documents. */
#ifndef FOPS_CONTRACT_PATTERN_H
#define FOPS_CONTRACT_PATTERN_H

/* An identifier that is no raw address: numbers between dots, one long number, four numbers between hyphens, a local
 * name. */
#define PATTERN_NUMBER "([0-9]+|0x[0-9a-f]*)"
#define PATTERN_RAW_IDENTITY                                                                                           \
	"(" PATTERN_NUMBER "(\\.+" PATTERN_NUMBER ")+|[0-9]{9,12}|0x[0-9a-f]{7,10}|"                                   \
	"(ip[_-])?[0-9]{1,3}([_-][0-9]{1,3}){3}|(.*\\.)?(localhost|localdomain)|.+\\.(local|svc))\\.*$"
#define PATTERN_IDENTITY "^(?!" PATTERN_RAW_IDENTITY ")[a-z0-9][a-z0-9._-]{0,127}$"

/* No "." or ".." segment, also percent-encoded, in what follows. */
#define PATTERN_NO_DOTS "(?!(.*/)?(\\.|%2[eE]){1,2}(/|$))"
#define PATTERN_PATH    "^/" PATTERN_NO_DOTS "[^\\x00-\\x1F\\x7F]*$"

/* Printable ASCII of a URL's path. */
#define PATTERN_PLAIN   "[!$%&'()*+,./0-9:;=@A-Z\\[\\]_a-z~-]"
#define PATTERN_REQUEST "^/(?!/)" PATTERN_NO_DOTS PATTERN_PLAIN "*$"

#define PATTERN_PORT    "0*([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
#define PATTERN_HOST    "(\\[[0-9A-Fa-f:.]{2,}\\]|[A-Za-z0-9_][A-Za-z0-9._-]{0,252})"
#define PATTERN_BASE    PATTERN_HOST "(:" PATTERN_PORT ")?(/" PATTERN_NO_DOTS PATTERN_PLAIN "*)?$"
#define PATTERN_URL     "^https?://" PATTERN_BASE

/* A last label that is a number, localhost, .local or .svc, or a label that ends in a hyphen, is a raw address. */
#define PATTERN_HOST_END "\\.*([:/]|$)"
#define PATTERN_PUBLIC_URL                                                                                             \
	"^https?://(?!\\[|([^/:]*\\.)?([0-9]+|0[xX][0-9A-Fa-f]*|[lL][oO][cC][aA][lL][hH][oO][sS][tT]|"                 \
	"[lL][oO][cC][aA][lL][dD][oO][mM][aA][iI][nN])" PATTERN_HOST_END                                               \
	"|[^/:]+\\.([lL][oO][cC][aA][lL]|[sS][vV][cC])" PATTERN_HOST_END "|[^/:]*-([.:/]|$))" PATTERN_BASE
#define PATTERN_PROXY       "^(https?|socks5h)://" PATTERN_HOST ":" PATTERN_PORT "$"

#define PATTERN_SERVER_NAME "^[A-Za-z0-9_][A-Za-z0-9._-]{0,252}$"
#define PATTERN_PIN         "^sha256//[A-Za-z0-9+/]{43}=$"
#define PATTERN_FINGERPRINT "^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){31}$"
#define PATTERN_CA                                                                                                     \
	"^(?![\\s\\S]*PRIVATE KEY-----)[\\s\\S]*-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\\r\\n]{4,}"                   \
	"-----END CERTIFICATE-----"
#define PATTERN_TOKEN_ID                                                                                               \
	"^[A-Za-z0-9_][A-Za-z0-9._+-]{0,63}@[A-Za-z][A-Za-z0-9._-]{1,31}![A-Za-z][A-Za-z0-9._-]{1,127}$"
#define PATTERN_POINTER "^(/([^~]|~[01])*)?$"

/* "body", "header:NAME", or a JSON Pointer. */
#define PATTERN_VERSION_FROM "^(body|header:[a-z0-9-]{1,64}|(/([^~]|~[01])*)+)$"

/* The header of an API key: lower case, and none that frames the message, belongs to the connection or has a meaning of
 * its own. */
#define PATTERN_HEADER                                                                                                 \
	"^(?!(authorization|host|connection|cookie|expect|keep-alive|te|trailer|upgrade|user-agent|date|range|accept|" \
	"via|forwarded|referer|origin|content-.*|accept-.*|if-.*|transfer-.*|proxy-.*|x-amz-.*)$)[a-z][a-z0-9-]{0,63}" \
	"$"
#define PATTERN_TOKEN_URL "^https://" PATTERN_BASE
/* RFC 6749 section 3.3 */
#define PATTERN_SCOPE     "^[!#-\\[\\]-~]{1,256}$"
#define PATTERN_PRINTABLE "^[ -~]{1,512}$"
#define PATTERN_USER      "^[ -9;-~]{1,256}$"
#define PATTERN_REGION    "^[a-z0-9-]{1,64}$"
/* A link for people: no user info, no blanks. */
#define PATTERN_LINK      "^https?://" PATTERN_HOST "(:" PATTERN_PORT ")?([/?#][!#-;=?A-\\[\\]_a-z~]*)?$"

#define PATTERN_OPERATION "^[a-z][a-z0-9_]{0,127}$"
#define PATTERN_TENANT                                                                                                 \
	"^(?!(.*\\|)?(\\.{1,2}|__mimir_cluster)(\\||$))[A-Za-z0-9!_.*'()-]{1,150}(\\|[A-Za-z0-9!_.*'()-]{1,150})*$"
#define PATTERN_VARIABLE "^[A-Za-z_][A-Za-z0-9_]{0,127}$"
#define PATTERN_LITERAL  "^[^\\x00-\\x1F\\x7F]*$"
/* A file, relative or absolute. */
#define PATTERN_FILE      "^" PATTERN_NO_DOTS "[^\\x00-\\x1F\\x7F]+$"

#define PATTERN_LABEL_KEY "^(?=.{1,128}$)[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)*$"
#define PATTERN_SSH_HOST  "^(::)?[A-Za-z0-9][A-Za-z0-9._:-]{0,252}$"
#define PATTERN_SSH_USER  "^_?[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
#define PATTERN_HOST_KEY                                                                                               \
	"^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\\.com) "     \
	"(?=.{40,4096}$)([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)?$"
#define PATTERN_CONTAINER "^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$"
#define PATTERN_NODE      "^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$"
#define PATTERN_TAG       "^[A-Za-z0-9_][A-Za-z0-9_+.-]{0,127}$"
#define PATTERN_PROJECT   "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"

/* Names of Kubernetes: RFC 1123 labels and subdomains, label keys and values, port names. */
#define PATTERN_DNS_LABEL   "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
#define PATTERN_DNS_NAME    "(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*"
#define PATTERN_LABEL_WORD  "[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"
#define PATTERN_LABEL       "^" PATTERN_DNS_LABEL "$"
#define PATTERN_OBJECT_NAME "^" PATTERN_DNS_NAME "$"
#define PATTERN_WORKLOAD    "^(deployment|statefulset|daemonset|replicaset|job|pod)/" PATTERN_DNS_NAME "$"
#define PATTERN_SELECTOR_KEY                                                                                           \
	"^((?=[^/]{1,253}/)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*/)?" PATTERN_LABEL_WORD "$"
#define PATTERN_SELECTOR_VALUE "^(" PATTERN_LABEL_WORD ")?$"
#define PATTERN_PORT_NAME      "^((?=.*[a-z])(?!.*--)[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?|" PATTERN_PORT ")$"

#endif
