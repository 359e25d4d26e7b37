/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A complete plugin to start your own from: example://host/SIZE delivers SIZE bytes of a pattern, the byte at
 * position p being (p * 31 + p / 256) mod 256. It uses no network but shows all that the host requires of a
 * plugin: options, resuming at any offset, a validator, a wait that can be cancelled, a status for people,
 * and one reason for each failure.
 *
 *     cc -shared -fPIC $(pkg-config --cflags bootferry) -o example.so example.c
 *     ln -s example.so scheme-example.so
 *
 * Read it from the bottom up: the table, then the life of a session.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bootferry/plugin-helpers.h"

#define VALIDATOR "example-pattern-1"

struct bootferry_session {
    const struct bootferry_host* host;
    int cancel_fd;
    uint64_t size;
    uint64_t position;
    int delay_ms; /* before each read: a slow server, to see what waiting looks like */
};

static struct bootferry_session* session_new(const struct bootferry_host* host) {
    struct bootferry_session* session = (struct bootferry_session*)calloc(1, sizeof *session);

    if (session == NULL) {
        bootferry_fail(host, BOOTFERRY_ERROR_IO, ENOMEM, "starting a session");
        return NULL;
    }
    session->host = host; /* valid until session_free */
    session->cancel_fd = -1;
    return session;
}

static int set_option(struct bootferry_session* session, const char* key, const char* value) {
    uint64_t number;

    if (strcmp(key, "delay") != 0)
        return bootferry_fail(session->host, BOOTFERRY_ERROR_INVALID, 0, "there is no option '%s'", key);
    if (bootferry_parse_number(value, 3600000, &number) < 0)
        return bootferry_fail(session->host, BOOTFERRY_ERROR_INVALID, 0,
                              "the delay is a number of milliseconds, at most 3600000");
    session->delay_ms = (int)number;
    return 0;
}

/* The wait every plugin has, here for time to pass, elsewhere for a socket: a cancel always ends it. */
static int wait_or_cancel(struct bootferry_session* session, int milliseconds) {
    return bootferry_wait(session->host, session->cancel_fd, -1, 0, bootferry_deadline(milliseconds));
}

static int open_source(struct bootferry_session* session, const struct bootferry_request* request) {
    struct bootferry_url_parts parts;

    session->cancel_fd = request->cancel_fd;
    if (wait_or_cancel(session, 0) < 0)
        return -1;
    /* Up to the end of the URL, so that one with a query is refused. */
    if (bootferry_split_url(request->url, &parts) < 0 || parts.path.length < 2 ||
        bootferry_parse_number(parts.path.start + 1, BOOTFERRY_SIZE_UNKNOWN - 1, &session->size) < 0)
        return bootferry_fail(session->host, BOOTFERRY_ERROR_INVALID, 0,
                              "the URL must be example://HOST/SIZE, SIZE in bytes");
    if (request->offset > session->size)
        return bootferry_fail(session->host, BOOTFERRY_ERROR_RANGE, 0, "the offset %llu lies behind the end",
                              (unsigned long long)request->offset);
    if (request->validator != NULL && strcmp(request->validator, VALIDATOR) != 0)
        return bootferry_fail(session->host, BOOTFERRY_ERROR_RANGE, 0, "the pattern is another one now");
    session->position = request->offset;
    return 0;
}

/* Zeroed by the host but for struct_size, which says how much of it there is. All of version 1 always is. */
static int info(struct bootferry_session* session, struct bootferry_info* result) {
    result->flags = BOOTFERRY_INFO_RESUMABLE;
    result->size = session->size;
    result->validator = VALIDATOR;
    return 0;
}

static ssize_t read_bytes(struct bootferry_session* session, void* buffer, size_t len) {
    unsigned char* bytes = (unsigned char*)buffer;
    uint64_t left = session->size - session->position;
    size_t count = left < len ? (size_t)left : len;
    size_t i;

    if (count > 0 && session->delay_ms > 0)
        bootferry_status(session->host, "waiting for %d ms, as configured", session->delay_ms);
    if (wait_or_cancel(session, count > 0 ? session->delay_ms : 0) < 0)
        return -1;
    for (i = 0; i < count; i++) {
        uint64_t position = session->position + i;

        bytes[i] = (unsigned char)(position * 31 + position / 256);
    }
    session->position += count;
    return (ssize_t)count;
}

static int finish(struct bootferry_session* session, enum bootferry_outcome outcome) {
    (void)session; /* nobody waits for an acknowledgement */
    (void)outcome;
    return 0;
}

static void session_free(struct bootferry_session* session) {
    free(session);
}

static const char* const schemes[] = {"example", NULL};

static const struct bootferry_option options[] = {
    {"delay", "wait so many milliseconds before each read; default 0"},
    {NULL, NULL},
};

static const struct bootferry_plugin plugin = {
    sizeof plugin, BOOTFERRY_ABI_VERSION, "example", "1",        schemes, options,      session_new,
    set_option,    open_source,           info,      read_bytes, finish,  session_free, NULL, /* no splice */
    NULL, /* needs no more than connections to servers */
};

const struct bootferry_plugin* bootferry_plugin_entry(void) {
    return &plugin;
}
