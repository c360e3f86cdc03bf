/* Certificates that tests make for themselves. */
#ifndef FOPS_TESTS_NET_CERTIFICATE_H
#define FOPS_TESTS_NET_CERTIFICATE_H

/* PEM texts that are never freed. */
struct certificate {
	const char *certificate;
	const char *key;
};

/* A new key and a certificate signed by itself, for an hour. */
struct certificate certificate_make(const char *name);

/* SHA-256 of the whole certificate in the PEM text, as "AB:CD:…"; never freed. */
const char *certificate_fingerprint(const char *certificate);

#endif
