/* Whole files in, whole files out, and the folders of the XDG specification. */
#ifndef FOPS_BASE_FILE_H
#define FOPS_BASE_FILE_H

#include <sys/types.h>

#include "fops/base/arena.h"
#include "fops/base/error.h"
#include "fops/base/text.h"

/* CLEANUP(file_close) for an int descriptor; -1 is accepted. */
void file_close(int *descriptor);

/*
 * Read a regular file, pipe or (path "-") standard input whole.
 *
 * ret_data  in arena, NUL-terminated behind its len bytes
 * errors    INPUT_NOT_FOUND no such file; IO_READ anything else, also a folder or more than limit_bytes
 */
CHECKED bool file_read(struct arena *arena, const char *path, size_t limit_bytes, struct str *ret_data,
                       struct error *err);

/*
 * Replace path by len bytes through a temporary file beside it, fsync when durable, and rename; a reader sees the old
 * or the new file, never a part. mode is the new file's permission, less the umask when there was none. Missing folders
 * are not made. What is no regular file (/dev/stdout, a pipe) is written to in place. errors    IO_CREATE
 */
CHECKED bool file_write(const char *path, const void *data, size_t len, mode_t mode, bool durable, struct error *err);

/* Make path and its missing parents with mode 0700 each. errors IO_CREATE */
CHECKED bool file_make_folders(const char *path, struct error *err);

/* "a/b" from "a" and "b"; b alone when absolute. In arena. */
const char *path_join(struct arena *arena, const char *folder, const char *name);

/* The folder part, "." when there is none; the last part. In arena. */
const char *path_folder(struct arena *arena, const char *path);
const char *path_name(const char *path);

/* A user folder of the XDG Base Directory Specification for fops, NULL without HOME and without the variable. */
const char *user_config_folder(struct arena *arena); /* $XDG_CONFIG_HOME/fops or ~/.config/fops */
const char *user_cache_folder(struct arena *arena);  /* $XDG_CACHE_HOME/fops or ~/.cache/fops */
const char *user_data_folder(struct arena *arena);   /* $XDG_DATA_HOME/fops or ~/.local/share/fops */

/*
 * A private folder for sockets: $XDG_RUNTIME_DIR/fops, else /tmp/fops-UID; made with mode 0700 and refused when it
 * belongs to another user or others may enter it. errors IO_CREATE
 */
CHECKED bool runtime_folder(struct arena *arena, const char **ret_folder, struct error *err);

#endif
