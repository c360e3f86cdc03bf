/* Finds the file of trusted certificate authorities; nothing is compiled in. */
#include "fops/base/arena.h"
#include "http_private.h"

static const char *const usual_places[] = {
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/ca-bundle.pem",
	"/etc/ssl/cert.pem",
};

static bool use_named(const char *path, const char *source, const char **ret_path, struct error *err)
{
	if (access(path, R_OK) != 0) {
		fail(err, ERROR_PLANE_TLS, "the certificate authorities of %s cannot be read", source);
		error_cause(err, "no readable file %s", path);
		error_fix(err, "name a PEM file with --ca");
		return false;
	}
	*ret_path = path;
	return true;
}

bool http_authorities(struct arena *arena, const char *named, const char **ret_path, struct error *err)
{
	const char *variable = getenv("SSL_CERT_FILE");

	if (named != NULL)
		return use_named(named, "--ca", ret_path, err);
	if (variable != NULL && *variable != '\0')
		return use_named(arena_copy(arena, variable), "SSL_CERT_FILE", ret_path, err);
	for (size_t i = 0; i < ARRAY_LEN(usual_places); i++) {
		if (access(usual_places[i], R_OK) == 0) {
			*ret_path = usual_places[i];
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

bool trust_file(struct http *http, struct error *err)
{
	return http->ca_file != NULL || http_authorities(http->arena, http->options.ca_file, &http->ca_file, err);
}
