/* Finds the file of trusted certificate authorities; nothing is compiled in. */
#include "fops/base/arena.h"
#include "http_private.h"

static const char *const usual_places[] = {
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/ca-bundle.pem",
	"/etc/ssl/cert.pem",
};

static bool use_named(struct http *http, const char *path, const char *source, struct error *err)
{
	if (access(path, R_OK) != 0) {
		fail(err, ERROR_PLANE_TLS, "the certificate authorities of %s cannot be read", source);
		error_cause(err, "no readable file %s", path);
		error_fix(err, "name a PEM file with --ca");
		return false;
	}
	http->ca_file = path;
	return true;
}

bool trust_file(struct http *http, struct error *err)
{
	const char *variable = getenv("SSL_CERT_FILE");

	if (http->ca_file != NULL)
		return true;
	if (http->options.ca_file != NULL)
		return use_named(http, http->options.ca_file, "--ca", err);
	if (variable != NULL && *variable != '\0')
		return use_named(http, arena_copy(http->arena, variable), "SSL_CERT_FILE", err);
	for (size_t i = 0; i < ARRAY_LEN(usual_places); i++) {
		if (access(usual_places[i], R_OK) == 0) {
			http->ca_file = usual_places[i];
			return true;
		}
	}
	fail(err, ERROR_PLANE_TLS, "https needs certificate authorities and this machine has none");
	error_cause(err,
	            "neither tls.ca, --ca nor SSL_CERT_FILE is given, and none of the usual files such as %s exists",
	            usual_places[0]);
	error_fix(err, "name a PEM file with --ca, or install the package ca-certificates");
	return false;
}
