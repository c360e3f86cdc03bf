/* What the room needs of OpenSSL beside the transport's own TLS. */
#ifndef FOPS_NET_HTTP_CRYPTO_H
#define FOPS_NET_HTTP_CRYPTO_H

#include "fops/base/compiler.h"

#define WEBSOCKET_ACCEPT_TEXT 29 /* base64 of 20 bytes and the NUL */

/*
 * Let context (an SSL_CTX that made no connection yet) trust exactly the leaf certificate with that SHA-256, whatever
 * its authorities, names and dates are. fingerprint is borrowed as long as the context lives.
 */
void crypto_trust_only(void *context, const unsigned char *fingerprint);

/*
 * Write the number of a fatal alert that the server sends to *alert, which is borrowed as long as the context's
 * connections live; and its name, "certificate required".
 */
void crypto_note_alert(void *context, int *alert);
const char *crypto_alert_text(int alert);

/* What a server must answer to the Sec-WebSocket-Key key, RFC 6455 §4.2.2; false without memory. */
CHECKED bool crypto_websocket_accept(const char *key, char ret_text[WEBSOCKET_ACCEPT_TEXT]);

/* Base64 of 16 random bytes. */
#define WEBSOCKET_KEY_BYTES 16
#define WEBSOCKET_KEY_TEXT  25
void crypto_websocket_key(const unsigned char random[WEBSOCKET_KEY_BYTES], char ret_text[WEBSOCKET_KEY_TEXT]);

#endif
