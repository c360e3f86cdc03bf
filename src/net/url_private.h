/* What url.c and url_path.c both know about the bytes of a URL. */
#ifndef FOPS_NET_URL_PRIVATE_H
#define FOPS_NET_URL_PRIVATE_H

/* Why the byte at, with what follows it, may not stand behind the host of a URL; NULL when it may. */
const char *url_byte_problem(const char *at);

#endif
