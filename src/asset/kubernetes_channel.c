/* Hides that streams of one command share a connection: one byte in front of each message says whose it is. */
#include "kubernetes_channel.h"

#define CHANNEL_INPUT  0
#define CHANNEL_OUTPUT 1
#define CHANNEL_ERRORS 2
#define CHANNEL_STATUS 3
#define CHANNEL_SIZE   4
#define CHANNEL_CLOSE  255 /* v5: the byte behind it is the channel that ends */
#define LONGEST_STATUS ((size_t)64 * 1024)

void kubernetes_channels_open(struct kubernetes_channels *channels)
{
	kubernetes_channels_done(channels);
	channels->channel = -1;
	channels->status = BUFFER(LONGEST_STATUS);
	channels->broken = false;
}

void kubernetes_channels_done(struct kubernetes_channels *channels)
{
	buffer_done(&channels->status);
}

void kubernetes_channels_take(struct kubernetes_channels *channels, const struct websocket_piece *piece)
{
	const char *data = piece->data;
	size_t len = piece->len;

	if (piece->kind != WEBSOCKET_BINARY) {
		channels->broken = true;
		return;
	}
	if (piece->first)
		channels->channel = -1;
	if (channels->channel < 0 && len > 0) {
		channels->channel = (unsigned char)*data++;
		len--;
	}
	if (len == 0)
		return;
	/* channels that are unknown, or ours alone, are passed over, as the clients of Kubernetes do */
	if (channels->channel == CHANNEL_OUTPUT || channels->channel == CHANNEL_ERRORS)
		channels->on_output(channels->user, channels->channel, data, len);
	else if (channels->channel == CHANNEL_STATUS)
		buffer_append(&channels->status, data, len);
}

size_t kubernetes_send_input(struct websocket *websocket, const char *data, size_t len)
{
	static const char channel = CHANNEL_INPUT;
	size_t taken = 0;

	while (taken < len) {
		size_t room = websocket_room(websocket);
		size_t piece = len - taken;

		/* with too little room it is refused, and so the next room is told */
		if (room > 1 && piece > room - 1)
			piece = room - 1;
		if (!websocket_send(websocket, WEBSOCKET_BINARY, &channel, 1, data + taken, piece))
			break;
		taken += piece;
	}
	return taken;
}

bool kubernetes_send_end(struct websocket *websocket)
{
	static const unsigned char message[2] = { CHANNEL_CLOSE, CHANNEL_INPUT };

	return websocket_send(websocket, WEBSOCKET_BINARY, message, sizeof message, NULL, 0);
}

bool kubernetes_send_size(struct websocket *websocket, struct terminal_size size)
{
	static const char channel = CHANNEL_SIZE;
	char text[64];
	int len = snprintf(text, sizeof text, "{\"Width\":%u,\"Height\":%u}", (unsigned)size.columns,
	                   (unsigned)size.rows);

	return websocket_send(websocket, WEBSOCKET_BINARY, &channel, 1, text, (size_t)len);
}
