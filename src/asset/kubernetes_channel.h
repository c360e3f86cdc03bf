/* The channels of an exec session (Kubernetes remote command, "v4.channel.k8s.io" and "v5.channel.k8s.io"). */
#ifndef FOPS_ASSET_KUBERNETES_CHANNEL_H
#define FOPS_ASSET_KUBERNETES_CHANNEL_H

#include "fops/base/buffer.h"
#include "fops/base/terminal.h"
#include "fops/net/websocket.h"

#define KUBERNETES_V5 "v5.channel.k8s.io" /* can tell the end of the input */
#define KUBERNETES_V4 "v4.channel.k8s.io"

/* What comes in: the first byte of each binary message is its channel. */
struct kubernetes_channels {
	void (*on_output)(void *user, int stream, const char *data, size_t len); /* channels 1 and 2, never empty */
	void *user;
	int channel;          /* of the message under way, -1 before its first byte */
	struct buffer status; /* channel 3, the server's last word */
	bool broken;          /* a text message: this is another protocol */
};

void kubernetes_channels_open(struct kubernetes_channels *channels);
void kubernetes_channels_take(struct kubernetes_channels *channels, const struct websocket_piece *piece);
void kubernetes_channels_done(struct kubernetes_channels *channels);

/* Send input; how many bytes were taken (0: wait for on_room). */
size_t kubernetes_send_input(struct websocket *websocket, const char *data, size_t len);

/* Tell the end of the input, with v5 alone; false: wait for on_room. */
bool kubernetes_send_end(struct websocket *websocket);

/* Tell the terminal's size; false: wait for on_room. */
bool kubernetes_send_size(struct websocket *websocket, struct terminal_size size);

#endif
