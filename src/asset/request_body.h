/* The body of a request: text, a file, standard input or JSON, streamed where it can be large. */
#ifndef FOPS_ASSET_REQUEST_BODY_H
#define FOPS_ASSET_REQUEST_BODY_H

#include "fops/asset/request.h"
#include "fops/net/http.h"

struct request_body {
	struct loop *loop;
	struct http *http;
	struct http_exchange *exchange;
	int descriptor; /* -1: none */
	bool own;       /* opened here */
	bool waiting;
};

/* Does --data name a readable file? errors INPUT_NOT_FOUND, IO_READ */
CHECKED bool request_body_check(const struct asset_request *request, struct error *err);

/*
 * Put the body into an exchange: a file with its length, standard input chunked. body is kept until request_body_done,
 * after the exchange ended. errors  INPUT_NOT_FOUND, IO_READ
 */
CHECKED bool request_body_open(const struct asset_request *request, struct asset_context *context, struct http *http,
                               struct http_exchange *exchange, struct request_body *ret_body, struct error *err);
void request_body_done(struct request_body *body);

#endif
