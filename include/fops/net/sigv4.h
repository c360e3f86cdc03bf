/* AWS Signature Version 4: what S3 and its kind ask for instead of a token. */
#ifndef FOPS_NET_SIGV4_H
#define FOPS_NET_SIGV4_H

#include "fops/base/clock.h"
#include "fops/base/text.h"

struct arena;
struct secret;

/* Who signs, for what. */
struct sigv4_key {
	const struct secret *access_key; /* the key's id */
	const struct secret *secret_key;
	const char *region;  /* "us-east-1" */
	const char *service; /* "s3" */
};

/* The request as it is sent. */
struct sigv4_request {
	const char *method;
	const char *host;         /* the Host header's value, with a port that is not the scheme's own */
	const char *path;         /* "/…", percent-encoded */
	const char *query;        /* without '?', percent-encoded; NULL: none */
	struct text_list headers; /* "Name: value": all of them are signed */
	const char *payload;      /* SHA-256 of the body in hexadecimal, or "UNSIGNED-PAYLOAD" */
	struct instant when;
};

/* The SHA-256 of nothing. */
#define SIGV4_NO_PAYLOAD "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

/*
 * The lines that the request needs beside its own: X-Amz-Date, for s3 X-Amz-Content-Sha256, and Authorization, in
 * arena. The path of s3 is signed as the store reads it, any other is normalised and encoded once more. A signature is
 * good for this request and some minutes.
 */
struct text_list sigv4_sign(struct arena *arena, const struct sigv4_key *key, const struct sigv4_request *request);

#endif
