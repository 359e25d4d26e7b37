/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A plugin whose threads talk all the time: while a session is read from, four of them call host->status and
 * host->log as fast as they can, which the ABI allows. chatty://HOST/SIZE is SIZE bytes, the one at position
 * p being p mod 251.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bootferry/plugin.h"

#define THREADS 4

struct bootferry_session {
    const struct bootferry_host* host;
    uint64_t size;
    uint64_t position;
    pthread_t threads[THREADS];
    int running;
    atomic_int stop;
};

static void* talk(void* argument) {
    struct bootferry_session* session = (struct bootferry_session*)argument;
    char text[64];

    for (unsigned n = 0; !atomic_load(&session->stop); n++) {
        snprintf(text, sizeof text, "remark %u", n);
        session->host->status(session->host->context, text);
    }
    return NULL;
}

static struct bootferry_session* session_new(const struct bootferry_host* host) {
    struct bootferry_session* session = (struct bootferry_session*)calloc(1, sizeof *session);

    if (session != NULL)
        session->host = host;
    return session;
}

static int set_option(struct bootferry_session* session, const char* key, const char* value) {
    (void)key;
    (void)value;
    session->host->fail(session->host->context, BOOTFERRY_ERROR_INVALID, 0, "there are no options");
    return -1;
}

static int session_open(struct bootferry_session* session, const struct bootferry_request* request) {
    sigset_t all, before;

    session->size = strtoull(strrchr(request->url, '/') + 1, NULL, 10);
    session->position = request->offset;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (session->running < THREADS &&
           pthread_create(&session->threads[session->running], NULL, talk, session) == 0)
        session->running++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return 0;
}

static int session_info(struct bootferry_session* session, struct bootferry_info* info) {
    info->flags = BOOTFERRY_INFO_RESUMABLE;
    info->size = session->size;
    return 0;
}

static ssize_t session_read(struct bootferry_session* session, void* buffer, size_t len) {
    const uint64_t left = session->size - session->position;
    const size_t count = left < 1000 ? (size_t)left : len < 1000 ? len : 1000;

    for (size_t i = 0; i < count; i++)
        ((unsigned char*)buffer)[i] = (unsigned char)((session->position + i) % 251);
    session->position += count;
    return (ssize_t)count;
}

static int session_finish(struct bootferry_session* session, enum bootferry_outcome outcome) {
    (void)session;
    (void)outcome;
    return 0;
}

static void session_free(struct bootferry_session* session) {
    atomic_store(&session->stop, 1);
    while (session->running > 0)
        pthread_join(session->threads[--session->running], NULL);
    free(session);
}

static const char* const schemes[] = {"chatty", NULL};
static const struct bootferry_option options[] = {{NULL, NULL}};

const struct bootferry_plugin* bootferry_plugin_entry(void) {
    static const struct bootferry_plugin plugin = {
        .struct_size = sizeof plugin,
        .abi_version = BOOTFERRY_ABI_VERSION,
        .name = "chatty",
        .version = "1",
        .schemes = schemes,
        .options = options,
        .session_new = session_new,
        .set_option = set_option,
        .open = session_open,
        .info = session_info,
        .read = session_read,
        .finish = session_finish,
        .session_free = session_free,
    };
    return &plugin;
}
