/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A plugin that is careless in the one way that $BOOTFERRY_CARELESS names, for plugin_check_test.py, and
 * right without it: careless://HOST:PORT/SIZE sends the option "login" in a line of its own, and delivers the
 * bytes that come behind the server's 'y'; without a login that the server knows, that is 'n'. A session that
 * goes to another server (BOOTFERRY_REQUEST_ELSEWHERE) sends an empty line.
 *
 * "with-its-login" sends it to every server, and "with-logins" sends that of an earlier session.
 * "with-a-lock" holds one while it waits for the server, which each open takes. "with-names" resolves them in
 * the calling thread, and "with-threads" in one that uses the host when the lookup is over.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bootferry/plugin-helpers.h"

struct bootferry_session {
    const struct bootferry_host* host;
    int cancel_fd;
    int socket;
    uint64_t size;
    uint64_t position;
    char login[100];
};

static char last_login[100];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int is(const char* fault) {
    const char* chosen = getenv("BOOTFERRY_CARELESS");

    return chosen != NULL && strcmp(chosen, fault) == 0;
}

static struct bootferry_session* session_new(const struct bootferry_host* host) {
    struct bootferry_session* session = calloc(1, sizeof *session);

    if (session == NULL) {
        bootferry_fail(host, BOOTFERRY_ERROR_IO, ENOMEM, "starting a session");
        return NULL;
    }
    session->host = host;
    session->socket = -1;
    if (is("with-logins"))
        strcpy(session->login, last_login);
    return session;
}

static int set_option(struct bootferry_session* session, const char* key, const char* value) {
    if (strcmp(key, "login") != 0)
        return bootferry_fail(session->host, BOOTFERRY_ERROR_INVALID, 0, "there is no option '%s'", key);
    snprintf(session->login, sizeof session->login, "%s", value);
    strcpy(last_login, session->login);
    return 0;
}

struct lookup {
    struct bootferry_session* session;
    const struct bootferry_host* host;
    char* name;
};

static void* look_up(void* argument) {
    struct lookup* lookup = argument;
    struct addrinfo* found = NULL;

    if (getaddrinfo(lookup->name, NULL, NULL, &found) == 0)
        freeaddrinfo(found);
    lookup->host->log(lookup->host->context, BOOTFERRY_LOG_DEBUG, "the lookup is over");
    free(lookup->name);
    free(lookup);
    return NULL;
}

/* As far as it goes: a numeric address needs no lookup. */
static int look_up_in_a_thread(struct bootferry_session* session, const char* name) {
    struct lookup* lookup = malloc(sizeof *lookup);
    pthread_t thread;
    sigset_t all, before;

    lookup->session = session;
    lookup->host = session->host;
    lookup->name = strdup(name);
    sigfillset(&all);
    sigdelset(&all, SIGSYS);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_create(&thread, NULL, look_up, lookup) == 0)
        pthread_detach(thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)bootferry_poll(session->cancel_fd, NULL, 0, bootferry_deadline(100000));
    return bootferry_fail(session->host, BOOTFERRY_ERROR_CANCELLED, 0, "cancelled");
}

static int connect_to(struct bootferry_session* session, const char* name, uint16_t port) {
    struct bootferry_addresses addresses;
    const int is_name = name[0] < '0' || name[0] > '9';
    int error;

    if (is("with-threads") && is_name)
        return look_up_in_a_thread(session, name);
    error = is("with-names") ? bootferry_ask_resolver(name, &addresses)
                             : bootferry_find_addresses(session->host, name, &addresses);
    if (error != 0)
        return bootferry_fail(session->host, (enum bootferry_error)error, 0, "%s", addresses.message);
    session->socket =
        bootferry_connect_address(session->cancel_fd, addresses.text[0], port, BOOTFERRY_NO_DEADLINE);
    if (session->socket >= 0)
        return 0;
    return bootferry_fail(session->host,
                          errno == ECANCELED ? BOOTFERRY_ERROR_CANCELLED : BOOTFERRY_ERROR_UNREACHABLE, errno,
                          "connecting to %s, port %u", name, (unsigned)port);
}

static ssize_t receive_unlocked(struct bootferry_session* session, void* buffer, size_t len) {
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

static ssize_t receive(struct bootferry_session* session, void* buffer, size_t len) {
    ssize_t count;

    if (is("with-a-lock"))
        pthread_mutex_lock(&lock);
    count = receive_unlocked(session, buffer, len);
    if (is("with-a-lock"))
        pthread_mutex_unlock(&lock);
    return count;
}

static int log_in(struct bootferry_session* session, int is_elsewhere) {
    const char* login = is_elsewhere && !is("with-its-login") ? "" : session->login;
    char line[110];
    char answer;

    snprintf(line, sizeof line, "%s\n", login);
    if (send(session->socket, line, strlen(line), 0) < 0)
        return bootferry_fail(session->host, BOOTFERRY_ERROR_UNREACHABLE, errno, "logging in");
    if (receive(session, &answer, 1) < 0)
        return -1;
    return answer == 'y' ? 0
                         : bootferry_fail(session->host, BOOTFERRY_ERROR_AUTH, 0, "the login was refused");
}

static int open_source(struct bootferry_session* session, const struct bootferry_request* request) {
    struct bootferry_url_parts parts;
    char* host;
    int result;

    session->cancel_fd = request->cancel_fd;
    if (is("with-a-lock")) {
        pthread_mutex_lock(&lock);
        pthread_mutex_unlock(&lock);
    }
    if (bootferry_is_cancelled(session->cancel_fd))
        return bootferry_fail(session->host, BOOTFERRY_ERROR_CANCELLED, 0, "cancelled");
    if (request->offset > 0)
        return bootferry_fail(session->host, BOOTFERRY_ERROR_RANGE, 0, "there are no offsets");
    if (bootferry_split_url(request->url, &parts) < 0 || (host = bootferry_decode_part(parts.host)) == NULL)
        return bootferry_fail(session->host, BOOTFERRY_ERROR_INVALID, 0,
                              "the URL must be careless://HOST:PORT/SIZE");
    session->size = strtoull(strrchr(request->url, '/') + 1, NULL, 10);
    result = connect_to(session, host, parts.port);
    free(host);
    return result < 0 ? -1 : log_in(session, (request->flags & BOOTFERRY_REQUEST_ELSEWHERE) != 0);
}

static int info(struct bootferry_session* session, struct bootferry_info* result) {
    result->size = session->size;
    return 0;
}

static ssize_t read_bytes(struct bootferry_session* session, void* buffer, size_t len) {
    const uint64_t left = session->size - session->position;
    ssize_t count;

    if (bootferry_is_cancelled(session->cancel_fd))
        return bootferry_fail(session->host, BOOTFERRY_ERROR_CANCELLED, 0, "cancelled");
    if (left == 0)
        return 0;
    count = receive(session, buffer, len < left ? len : left);
    session->position += count > 0 ? (uint64_t)count : 0;
    return count;
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

static const char* const schemes[] = {"careless", NULL};
static const struct bootferry_option options[] = {{"login", "NAME:PASSWORD"}, {NULL, NULL}};

static const struct bootferry_plugin plugin = {
    sizeof plugin, BOOTFERRY_ABI_VERSION, "careless", "1",        schemes, options,      session_new,
    set_option,    open_source,           info,       read_bytes, finish,  session_free, NULL,
    NULL,
};

const struct bootferry_plugin* bootferry_plugin_entry(void) {
    return &plugin;
}
