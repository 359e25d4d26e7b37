/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A plugin that waits for its server in the way that $DEAF chooses, for plugin_check_test.py:
 * deaf://IPV4:PORT/ delivers what the server sends until it closes the connection. Without $DEAF it polls
 * cancel_fd; with "to-the-cancel" its read waits for the server alone, and with "to-the-code" it reports
 * another failure.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bootferry/plugin-helpers.h"

struct bootferry_session {
    const struct bootferry_host* host;
    int cancel_fd;
    int socket;
};

static int is(const char* kind) {
    const char* chosen = getenv("DEAF");

    return chosen != NULL && strcmp(chosen, kind) == 0;
}

static struct bootferry_session* session_new(const struct bootferry_host* host) {
    struct bootferry_session* session = calloc(1, sizeof *session);

    if (session == NULL) {
        bootferry_fail(host, BOOTFERRY_ERROR_IO, ENOMEM, "starting a session");
        return NULL;
    }
    session->host = host;
    session->socket = -1;
    return session;
}

static int set_option(struct bootferry_session* session, const char* key, const char* value) {
    (void)value;
    return bootferry_fail(session->host, BOOTFERRY_ERROR_INVALID, 0, "there is no option '%s'", key);
}

static int open_source(struct bootferry_session* session, const struct bootferry_request* request) {
    struct bootferry_url_parts parts;
    struct sockaddr_in server;
    char* host;

    session->cancel_fd = request->cancel_fd;
    if (bootferry_is_cancelled(session->cancel_fd))
        return bootferry_fail(session->host, BOOTFERRY_ERROR_CANCELLED, 0, "cancelled");
    if (request->offset > 0)
        return bootferry_fail(session->host, BOOTFERRY_ERROR_RANGE, 0, "there are no offsets");
    if (bootferry_split_url(request->url, &parts) < 0 || (host = bootferry_decode_part(parts.host)) == NULL)
        return bootferry_fail(session->host, BOOTFERRY_ERROR_INVALID, 0, "the URL must be deaf://IPV4:PORT/");
    memset(&server, 0, sizeof server);
    server.sin_family = AF_INET;
    server.sin_port = htons(parts.port);
    inet_pton(AF_INET, host, &server.sin_addr);
    free(host);
    session->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(session->socket, (struct sockaddr*)&server, sizeof server) < 0)
        return bootferry_fail(session->host, BOOTFERRY_ERROR_UNREACHABLE, errno, "connecting to port %u",
                              parts.port);
    return 0;
}

static int info(struct bootferry_session* session, struct bootferry_info* result) {
    (void)session;
    result->size = BOOTFERRY_SIZE_UNKNOWN;
    return 0;
}

static ssize_t read_bytes(struct bootferry_session* session, void* buffer, size_t len) {
    ssize_t count;

    if (bootferry_is_cancelled(session->cancel_fd))
        return bootferry_fail(session->host, BOOTFERRY_ERROR_CANCELLED, 0, "cancelled");
    if (is("to-the-code")) {
        struct pollfd server = {.fd = session->socket, .events = POLLIN, .revents = 0};

        if (bootferry_poll(session->cancel_fd, &server, 1, BOOTFERRY_NO_DEADLINE) < 0)
            return bootferry_fail(session->host, BOOTFERRY_ERROR_TIMEOUT, errno, "waiting");
    } else if (!is("to-the-cancel") && bootferry_wait(session->host, session->cancel_fd, session->socket,
                                                      POLLIN, BOOTFERRY_NO_DEADLINE) < 0) {
        return -1;
    }
    count = recv(session->socket, buffer, len, 0);
    return count >= 0 ? count
                      : bootferry_fail(session->host, BOOTFERRY_ERROR_UNREACHABLE, errno, "receiving");
}

static int finish(struct bootferry_session* session, enum bootferry_outcome outcome) {
    (void)session;
    (void)outcome;
    return 0;
}

static void session_free(struct bootferry_session* session) {
    if (session->socket >= 0)
        close(session->socket);
    free(session);
}

static const char* const schemes[] = {"deaf", NULL};
static const struct bootferry_option options[] = {{NULL, NULL}};

static const struct bootferry_plugin plugin = {
    sizeof plugin, BOOTFERRY_ABI_VERSION, "deaf", "1",        schemes, options,      session_new,
    set_option,    open_source,           info,   read_bytes, finish,  session_free, NULL,
    NULL,
};

const struct bootferry_plugin* bootferry_plugin_entry(void) {
    return &plugin;
}
