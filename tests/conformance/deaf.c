/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A plugin that waits for its server in the way that $BOOTFERRY_DEAF chooses, for plugin_check_test.py:
 * deaf://IPV4:PORT/SIZE delivers the bytes that the server sends. Without $BOOTFERRY_DEAF it polls cancel_fd;
 * with "to-the-cancel" its read waits for the server alone, "to-the-code" reports another failure, and
 * "to-the-silence" does not wait but asks again and again. "to-the-cancel-of-a-connection" waits for that
 * alone, "to-a-refusal" takes it for final, and "to-the-host" tries again by itself,
 * "to-the-host-for-a-while" for twelve seconds, and "to-the-reason" reports a timeout. "for-a-while-then-io",
 * "-unreachable" and "-end" wait in the middle for 300 ms only, and "for-no-time" takes each wait
 * for the end, but in the first session.
 * When the connection is closed early, "to-the-loss" takes the bytes of before for the next ones where they
 * fill the buffer, "to-the-rest" takes it for the end, "to-the-cause" reports what is not retried, and
 * "to-the-end" delivers a byte behind the last one, and "to-a-reset" reports a reset as what is not retried.
 * An open that waits for 16 bytes, "for-an-answer", takes their lack for a verdict when it is
 * "to-half-an-answer", or for a fault if all of it does not come at once when it is "to-pieces".
 * "to-the-last-rest" takes an end within the last kilobyte for that of the resource. "to-the-half-full" reads
 * until the whole buffer is full, and "to-nobody" waits for the server's end in session_free. It resumes, by
 * fetching all that lies before, if it is "to-the-beginning", keeps all of the resource in memory
 * "to-all-at-once", and goes on over a connection of its own if it is "to-the-end-of-a-connection". finish
 * takes 11 s if it is "at-the-end"; if it is "at-the-end-aloud", it says so meanwhile. With "splice-" before
 * it, each of these is a fault of splice alone, which "splice" offers without one; "splice-to-the-pipe"
 * leaves bytes in it when it fails, and "splice-to-the-brim" writes as much as was asked for. "to-the-stall"
 * calls host->status while it waits.
 */
#include <sys/socket.h>
#include <unistd.h>

#include "bootferry/plugin-helpers.h"

struct bootferry_session {
    const struct bootferry_host* host;
    int cancel_fd;
    int socket;
    uint64_t size; /* 0: not known */
    uint64_t position;
    char address[64];
    uint16_t port;
    char* all;
    char last[65535];
};

static int splicing;
static int sessions_so_far;

/* $BOOTFERRY_DEAF without "splice", or "" where it is not meant for this call. */
static const char* chosen_fault(void) {
    const char* chosen = getenv("BOOTFERRY_DEAF");

    if (chosen == NULL)
        return "";
    if (strncmp(chosen, "splice", 6) != 0)
        return chosen;
    return splicing && chosen[6] == '-' ? chosen + 7 : "";
}

static int is(const char* kind) {
    return strcmp(chosen_fault(), kind) == 0;
}

static struct bootferry_session* session_new(const struct bootferry_host* host) {
    struct bootferry_session* session = calloc(1, sizeof *session);

    if (session == NULL) {
        bootferry_fail(host, BOOTFERRY_ERROR_IO, ENOMEM, "starting a session");
        return NULL;
    }
    sessions_so_far++;
    session->host = host;
    session->socket = -1;
    return session;
}

static int set_option(struct bootferry_session* session, const char* key, const char* value) {
    (void)value;
    return bootferry_fail(session->host, BOOTFERRY_ERROR_INVALID, 0, "there is no option '%s'", key);
}

static int connect_to(const struct bootferry_session* session, const char* address, uint16_t port) {
    /* A connection that is nobody's to cancel. */
    const int cancel_fd = is("to-the-cancel-of-a-connection") ? session->socket : session->cancel_fd;
    const int64_t while_it_tries = bootferry_deadline(12000);
    int made;

    do {
        made = bootferry_connect_address(cancel_fd, address, port, BOOTFERRY_NO_DEADLINE);
    } while (made < 0 && errno == ECONNREFUSED &&
             (is("to-the-host") || (is("to-the-host-for-a-while") && bootferry_now() < while_it_tries)) &&
             bootferry_poll(session->cancel_fd, NULL, 0, bootferry_deadline(100)) == 0);
    if (made < 0 && errno == ECANCELED)
        return bootferry_fail(session->host, BOOTFERRY_ERROR_CANCELLED, 0, "cancelled");
    if (made < 0)
        return bootferry_fail(session->host,
                              is("to-a-refusal")    ? BOOTFERRY_ERROR_INVALID
                              : is("to-the-reason") ? BOOTFERRY_ERROR_TIMEOUT
                                                    : BOOTFERRY_ERROR_UNREACHABLE,
                              errno, "connecting to %s, port %u", address, (unsigned)port);
    return made;
}

static int await_answer(struct bootferry_session* session) {
    int size = 16;
    char answer[16];

    if (is("to-pieces") && (bootferry_wait(session->host, session->cancel_fd, session->socket, POLLIN,
                                           BOOTFERRY_NO_DEADLINE) < 0 ||
                            recv(session->socket, answer, sizeof answer, MSG_PEEK) < size))
        return bootferry_fail(session->host, BOOTFERRY_ERROR_PROTOCOL, 0, "half an answer");
    if (!is("for-an-answer") && !is("to-half-an-answer"))
        return 0;
    setsockopt(session->socket, SOL_SOCKET, SO_RCVLOWAT, &size, sizeof size);
    if (bootferry_wait(session->host, session->cancel_fd, session->socket, POLLIN, BOOTFERRY_NO_DEADLINE) < 0)
        return -1;
    if (recv(session->socket, answer, sizeof answer, MSG_PEEK) < size)
        return bootferry_fail(session->host,
                              is("for-an-answer") ? BOOTFERRY_ERROR_UNREACHABLE : BOOTFERRY_ERROR_NOT_FOUND,
                              errno, "there is no answer");
    size = 1;
    setsockopt(session->socket, SOL_SOCKET, SO_RCVLOWAT, &size, sizeof size);
    return 0;
}

static ssize_t receive(struct bootferry_session* session, void* buffer, size_t len) {
    ssize_t count;

    do {
        if (bootferry_wait(session->host, session->cancel_fd, session->socket, POLLIN,
                           BOOTFERRY_NO_DEADLINE) < 0)
            return -1;
        count = recv(session->socket, buffer, len, 0);
    } while (count < 0 && errno == EAGAIN);
    return count > 0 ? count
                     : bootferry_fail(session->host, BOOTFERRY_ERROR_UNREACHABLE, errno, "it was closed");
}

static int skip(struct bootferry_session* session, uint64_t count) {
    while (session->position < count) {
        const uint64_t left = count - session->position;
        const ssize_t now =
            receive(session, session->last, left < sizeof session->last ? left : sizeof session->last);

        if (now < 0)
            return -1;
        session->position += (uint64_t)now;
    }
    return 0;
}

static int fetch_all(struct bootferry_session* session) {
    uint64_t filled = 0;

    session->all = malloc(session->size);
    while (filled < session->size) {
        const ssize_t now = receive(session, session->all + filled, session->size - filled);

        if (now < 0)
            return -1;
        filled += (uint64_t)now;
    }
    return 0;
}

static int open_source(struct bootferry_session* session, const struct bootferry_request* request) {
    struct bootferry_url_parts parts;
    char* host;

    session->cancel_fd = request->cancel_fd;
    if (bootferry_is_cancelled(session->cancel_fd))
        return bootferry_fail(session->host, BOOTFERRY_ERROR_CANCELLED, 0, "cancelled");
    if (request->offset > 0 && !is("to-the-beginning"))
        return bootferry_fail(session->host, BOOTFERRY_ERROR_RANGE, 0, "there are no offsets");
    if (bootferry_split_url(request->url, &parts) < 0 || (host = bootferry_decode_part(parts.host)) == NULL)
        return bootferry_fail(session->host, BOOTFERRY_ERROR_INVALID, 0,
                              "the URL must be deaf://IPV4:PORT/SIZE");
    session->size = strtoull(strrchr(request->url, '/') + 1, NULL, 10);
    snprintf(session->address, sizeof session->address, "%s", host);
    session->port = parts.port;
    session->socket = connect_to(session, host, parts.port);
    free(host);
    if (session->socket < 0 || await_answer(session) < 0)
        return -1;
    return skip(session, request->offset);
}

static int info(struct bootferry_session* session, struct bootferry_info* result) {
    const char* chosen = getenv("BOOTFERRY_DEAF");

    if (chosen != NULL && strncmp(chosen, "splice", 6) == 0)
        result->flags |= BOOTFERRY_INFO_SPLICEABLE;
    if (is("to-the-beginning"))
        result->flags |= BOOTFERRY_INFO_RESUMABLE;
    result->size = session->size > 0 ? session->size : BOOTFERRY_SIZE_UNKNOWN;
    return 0;
}

static ssize_t lost(struct bootferry_session* session, void* buffer, size_t len) {
    const int was_reset = errno == ECONNRESET && is("to-a-reset");

    if (is("to-the-loss") && len <= sizeof session->last && session->position >= len) {
        memcpy(buffer, session->last, len);
        session->position += len;
        return (ssize_t)len;
    }
    if (is("to-the-rest") || (is("to-the-last-rest") && session->size - session->position < 1024))
        return 0;
    if (is("to-the-end-of-a-connection")) {
        const uint64_t before = session->position;

        close(session->socket);
        session->position = 0;
        session->socket = connect_to(session, session->address, session->port);
        if (session->socket < 0 || skip(session, before) < 0)
            return -1;
        const ssize_t count = receive(session, buffer, len);

        session->position += count > 0 ? (uint64_t)count : 0;
        return count;
    }
    return bootferry_fail(
        session->host, is("to-the-cause") || was_reset ? BOOTFERRY_ERROR_IO : BOOTFERRY_ERROR_UNREACHABLE,
        errno, "the connection was closed after %llu bytes", (unsigned long long)session->position);
}

/* Where the checker's proxy falls silent, so that a slow server is not taken for a silent one. */
static int is_impatient(const struct bootferry_session* session) {
    struct pollfd server = {.fd = session->socket, .events = POLLIN, .revents = 0};

    return strncmp(chosen_fault(), "for-a-while", 11) == 0 && session->size > 0 &&
           session->position == session->size / 2 &&
           bootferry_poll(session->cancel_fd, &server, 1, bootferry_deadline(300)) == 0;
}

static ssize_t read_some(struct bootferry_session* session, void* buffer, size_t len) {
    ssize_t count;

    if (bootferry_is_cancelled(session->cancel_fd))
        return bootferry_fail(session->host, BOOTFERRY_ERROR_CANCELLED, 0, "cancelled");
    if (session->size > 0 && session->position == session->size) {
        struct pollfd server = {.fd = session->socket, .events = POLLIN, .revents = 0};

        if (!is("to-the-end") || poll(&server, 1, 0) <= 0)
            return 0;
        memset(buffer, 0, 1);
        session->position++;
        return 1;
    }
    if (is("to-all-at-once")) {
        const size_t left = session->size - session->position;

        if (session->all == NULL && fetch_all(session) < 0)
            return -1;
        count = (ssize_t)(len < left ? len : left);
        memcpy(buffer, session->all + session->position, (size_t)count);
        session->position += (uint64_t)count;
        return count;
    }
    if (is_impatient(session)) {
        if (is("for-a-while-then-end"))
            return 0;
        return bootferry_fail(session->host,
                              is("for-a-while-then-io") ? BOOTFERRY_ERROR_IO : BOOTFERRY_ERROR_UNREACHABLE, 0,
                              "no answer");
    }
    if (is("for-no-time") && sessions_so_far > 1 &&
        poll(&(struct pollfd){.fd = session->socket, .events = POLLIN}, 1, 0) == 0)
        return 0;
    if (is("to-the-code")) {
        struct pollfd server = {.fd = session->socket, .events = POLLIN, .revents = 0};

        if (bootferry_poll(session->cancel_fd, &server, 1, BOOTFERRY_NO_DEADLINE) < 0)
            return bootferry_fail(session->host, BOOTFERRY_ERROR_TIMEOUT, errno, "waiting");
    } else if (is("to-the-stall")) {
        struct pollfd server = {.fd = session->socket, .events = POLLIN, .revents = 0};

        while (bootferry_poll(session->cancel_fd, &server, 1, bootferry_deadline(50)) == 0)
            session->host->status(session->host->context, "still waiting");
        if (bootferry_is_cancelled(session->cancel_fd))
            return bootferry_fail(session->host, BOOTFERRY_ERROR_CANCELLED, 0, "cancelled");
    } else if (!is("to-the-cancel") && !is("to-the-silence") &&
               bootferry_wait(session->host, session->cancel_fd, session->socket, POLLIN,
                              BOOTFERRY_NO_DEADLINE) < 0) {
        return -1;
    }
    do {
        count = recv(session->socket, buffer, len, 0);
        if (count < 0 && errno == EAGAIN && is("to-the-cancel"))
            (void)poll(&(struct pollfd){.fd = session->socket, .events = POLLIN}, 1, -1);
    } while (count < 0 && errno == EAGAIN && !bootferry_is_cancelled(session->cancel_fd));
    if (count < 0 && errno == ECANCELED)
        return bootferry_fail(session->host, BOOTFERRY_ERROR_CANCELLED, 0, "cancelled");
    if (count < 0 || (count == 0 && session->size > 0))
        return lost(session, buffer, len);
    session->position += (uint64_t)count;
    if ((size_t)count <= sizeof session->last)
        memcpy(session->last, buffer, (size_t)count);
    return count;
}

static ssize_t read_bytes(struct bootferry_session* session, void* buffer, size_t len) {
    size_t filled = 0;
    ssize_t count;

    do {
        count = read_some(session, (char*)buffer + filled, len - filled);
        filled += count > 0 ? (size_t)count : 0;
    } while (count > 0 && filled < len && is("to-the-half-full"));
    return count < 0 ? -1 : (ssize_t)filled;
}

static ssize_t splice_bytes(struct bootferry_session* session, int pipe_fd, size_t len) {
    char bytes[65536];
    size_t most = 4096; /* what any pipe takes */
    ssize_t count;

    splicing = 1;
    if (is("to-the-brim"))
        most = sizeof bytes;
    count = read_bytes(session, bytes, len < most ? len : most);
    if (count > 0 || (count < 0 && is("to-the-pipe")))
        (void)!write(pipe_fd, bytes, count > 0 ? (size_t)count : 1);
    splicing = 0;
    return count;
}

static int finish(struct bootferry_session* session, enum bootferry_outcome outcome) {
    int seconds = is("at-the-end") || is("at-the-end-aloud") ? 11 : 0;

    (void)outcome;
    for (; seconds > 0; seconds--) {
        (void)poll(NULL, 0, 1000);
        if (is("at-the-end-aloud"))
            session->host->status(session->host->context, "waiting for the last word");
    }
    return 0;
}

static void await_the_end(int socket) {
    char bytes[4096];

    shutdown(socket, SHUT_WR);
    while (recv(socket, bytes, sizeof bytes, 0) > 0 ||
           (errno == EAGAIN && poll(&(struct pollfd){.fd = socket, .events = POLLIN}, 1, -1) > 0))
        errno = 0;
}

static void session_free(struct bootferry_session* session) {
    if (session->socket >= 0 && is("to-nobody"))
        await_the_end(session->socket);
    if (session->socket >= 0)
        close(session->socket);
    free(session->all);
    free(session);
}

static const char* const schemes[] = {"deaf", NULL};
static const struct bootferry_option options[] = {{NULL, NULL}};

static const struct bootferry_plugin plugin = {
    sizeof plugin, BOOTFERRY_ABI_VERSION, "deaf", "1",        schemes, options,      session_new,
    set_option,    open_source,           info,   read_bytes, finish,  session_free, splice_bytes,
    NULL,
};

const struct bootferry_plugin* bootferry_plugin_entry(void) {
    return &plugin;
}
