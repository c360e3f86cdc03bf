/* Certificates that tests make for themselves. */
#ifndef FOPS_TESTS_NET_CERTIFICATE_H
#define FOPS_TESTS_NET_CERTIFICATE_H

struct arena;

/* PEM texts in an arena. */
struct certificate {
	const char *certificate;
	const char *key;
};

/* A new key and a certificate signed by itself, for an hour. */
struct certificate certificate_make(struct arena *arena, const char *name);

/* SHA-256 of the whole certificate in the PEM text, as "AB:CD:…", in arena. */
const char *certificate_fingerprint(struct arena *arena, const char *certificate);

#endif
