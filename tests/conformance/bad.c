/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A plugin that is wrong on purpose, in the one way that $BOOTFERRY_BAD_FAULT names, and right without it: it
 * delivers bad://HOST/SIZE as the byte at position p being p mod 251. Each fault here is one that
 * bootferry-plugin-check must find; plugin_check_test.py lists them.
 */
#include <errno.h>
#include <fcntl.h>
#include <fenv.h>
#include <locale.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "bootferry/plugin.h"

#define VALIDATOR "version-1"

struct bootferry_session {
    const struct bootferry_host* host;
    pid_t owner;
    int cancel_fd;
    uint64_t size;
    uint64_t start;
    uint64_t position;
    uint64_t end; /* of what a length cut off */
    uint64_t length;
    const char* url;
    int changed; /* it is another version of the resource */
    int ended;
};

static const struct bootferry_host* old_host;
static uint64_t shared_position;
static int sessions_so_far;
static char shared_validator[16];
static unsigned char shared_bytes[65536];
static struct bootferry_info* kept_info;

static int has(const char* fault) {
    const char* chosen = getenv("BOOTFERRY_BAD_FAULT");

    return chosen != NULL && strcmp(chosen, fault) == 0;
}

static int fail(struct bootferry_session* session, enum bootferry_error code, const char* message) {
    const struct bootferry_host* host = session->host;

    if (has("silent-failure"))
        return -1;
    if (has("two-failures"))
        host->fail(host->context, code, 0, "once");
    if (has("escape-in-message"))
        message = "no\033[2J";
    if (has("direction-mark-in-message"))
        message = "no\342\200\256on";
    if (has("control-in-message"))
        message = "no\302\2332J";
    if (has("latin-in-message"))
        message = "n\366";
    if (has("no-reason"))
        message = "";
    if (has("unknown-code"))
        code = (enum bootferry_error)99;
    if (has("wrong-code"))
        code = BOOTFERRY_ERROR_PROTOCOL;
    host->fail(host->context, code, 0, message);
    if (has("retry-after-too-late"))
        host->retry_after(host->context, 5);
    if (has("fails-with-another-number"))
        return -2;
    return has("failure-reported-as-success") ? 0 : -1;
}

static void* crash(void* unused) {
    (void)unused;
    abort();
}

static void* sleep_for_ever(void* unused) {
    (void)unused;
    for (;;)
        (void)poll(NULL, 0, -1); /* pause(2) is not one of the sandbox's calls */
    return NULL;
}

static void* sleep_a_while(void* unused) {
    (void)poll(NULL, 0, 60000);
    return unused;
}

/* It ends with its session, see session_free(). */
static atomic_int stop_thread, thread_runs;

static void* sleep_a_while_and_end(void* unused) {
    while (!stop_thread)
        (void)poll(NULL, 0, 10);
    thread_runs = 0;
    return unused;
}

static void hang_at_the_end(void) {
    for (;;)
        (void)poll(NULL, 0, -1);
}

static void start_thread(void* (*function)(void*)) {
    pthread_t thread;

    if (pthread_create(&thread, NULL, function, NULL) == 0)
        pthread_detach(thread);
}

static struct bootferry_session* session_new(const struct bootferry_host* host) {
    struct bootferry_session* session = calloc(1, sizeof *session);

    if (session == NULL)
        return NULL;
    session->host = host;
    session->owner = gettid();
    sessions_so_far++;
    if (has("session-new-blocks") && sessions_so_far == 1)
        sleep(2);
    if (has("leaks-memory"))
        memset(malloc(100000), 1, 100000);
    if (has("leaks-descriptor"))
        (void)!fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
    if (has("starts-a-thread-early"))
        start_thread(sleep_for_ever);
    if (has("uses-an-old-host") && old_host != NULL)
        old_host->log(old_host->context, BOOTFERRY_LOG_DEBUG, "still there");
    if (has("reads-behind-host"))
        (void)*((volatile const char*)host + host->struct_size);
    if (has("works-once") && sessions_so_far > 1) {
        host->fail(host->context, BOOTFERRY_ERROR_INTERNAL, 0, "only one session was meant to be");
        free(session);
        return NULL;
    }
    return session;
}

static int set_option(struct bootferry_session* session, const char* key, const char* value) {
    const int known = has("takes-longer-keys")    ? strncmp(key, "port", 4) == 0
                      : has("takes-shorter-keys") ? key[0] != '\0' && strncmp(key, "port", strlen(key)) == 0
                                                  : strcmp(key, "port") == 0;
    char text[200];

    if (has("takes-any-option"))
        return 0;
    if (!known || has("refuses-its-own-option"))
        snprintf(text, sizeof text, "there is no option '%s'", key);
    else if (value[0] < '0' || value[0] > '9' || value[1] != '\0')
        snprintf(text, sizeof text, "the port is one digit, not '%s'", value);
    else
        return 0;
    return fail(session, BOOTFERRY_ERROR_INVALID, text);
}

static int cancelled(struct bootferry_session* session, int milliseconds) {
    struct pollfd cancel;

    cancel.fd = session->cancel_fd;
    cancel.events = POLLIN;
    cancel.revents = 0;
    return poll(&cancel, 1, milliseconds) > 0;
}

static const char* validator_of(const struct bootferry_session* session) {
    if (session->changed && !has("constant-validator"))
        return "version-2";
    return has("ignores-validator-of-letters") ? "xyz" : VALIDATOR;
}

/* What belongs to the process. The sandbox refuses those at the end. */
static void change_process(const struct bootferry_session* session) {
    struct itimerval timer;
    struct rlimit few;

    if (has("replaces-stdout"))
        dup2(STDERR_FILENO, STDOUT_FILENO);
    if (has("prints"))
        printf("reading\n");
    if (has("sets-flags-of-stdin"))
        fcntl(STDIN_FILENO, F_SETFL, fcntl(STDIN_FILENO, F_GETFL) ^ O_APPEND);
    if (has("sets-flags-of-cancel-fd"))
        fcntl(session->cancel_fd, F_SETFL, fcntl(session->cancel_fd, F_GETFL) ^ O_NONBLOCK);
    if (has("changes-environment"))
        setenv("BAD", "yes", 1);
    if (has("changes-thread-locale"))
        uselocale(newlocale(LC_ALL_MASK, "C", NULL));
    if (has("changes-a-limit")) {
        getrlimit(RLIMIT_NOFILE, &few);
        few.rlim_cur--;
        setrlimit(RLIMIT_NOFILE, &few);
    }
    if (has("changes-rounding"))
        fesetround(FE_UPWARD);
#ifdef __SSE2__
    if (has("rounds-by-sse"))
        __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | 0x4000); /* upward */
    if (has("flushes-to-zero"))
        __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | 0x8000);
    if (has("takes-denormals-for-zero"))
        __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | 0x0040);
#endif
    if (has("renames-the-thread"))
        prctl(PR_SET_NAME, "bad");
    if (has("disables-cancelling"))
        pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    if (has("changes-umask"))
        umask(0);
    if (has("changes-directory"))
        (void)!chdir("/");
    if (has("changes-priority"))
        setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + 1);
    if (has("starts-a-timer")) {
        memset(&timer, 0, sizeof timer);
        timer.it_value.tv_sec = 3600;
        setitimer(ITIMER_REAL, &timer, NULL);
    }
}

/* What the surroundings of a call, or the sandbox, must show. */
static int misbehave(struct bootferry_session* session) {
    const struct bootferry_host* host = session->host;
    const char* secret = host->credential(host->context, "password");
    pthread_t thread;
    sigset_t all;

    change_process(session);
    if (has("leaks-thread"))
        start_thread(sleep_for_ever);
    if (has("thread-outlives-session"))
        start_thread(sleep_a_while);
    if (has("changes-sigpipe"))
        signal(SIGPIPE, SIG_DFL);
    if (has("changes-sigchld"))
        signal(SIGCHLD, SIG_IGN);
    if (has("changes-locale"))
        setlocale(LC_ALL, "C.UTF-8");
    if (has("blocks-signals")) {
        sigfillset(&all);
        sigprocmask(SIG_BLOCK, &all, NULL);
    }
    if (has("newline-in-log"))
        host->log(host->context, BOOTFERRY_LOG_DEBUG, "one\ntwo");
    if (has("escape-in-status"))
        host->status(host->context, "\033[2Jgone");
    if (has("secret-in-log"))
        host->log(host->context, BOOTFERRY_LOG_DEBUG, secret != NULL ? secret : "");
    if (has("encoded-secret-in-log") && secret != NULL)
        host->log(host->context, BOOTFERRY_LOG_DEBUG, "GET bad://someone:h%75nter22@here/");
    if (has("basic-login-in-log") && secret != NULL)
        host->log(host->context, BOOTFERRY_LOG_DEBUG, "Authorization: Basic c29tZW9uZTpodW50ZXIyMg==");
    if (has("thread-takes-signals")) {
        thread_runs = 1;
        start_thread(sleep_a_while_and_end);
    }
    if (has("wants-its-own-version") && host->struct_size > sizeof *host) {
        host->fail(host->context, BOOTFERRY_ERROR_INTERNAL, 0, "this host is too new");
        return -1;
    }
    if (has("crashes-in-a-thread")) {
        pthread_create(&thread, NULL, crash, NULL);
        pthread_join(thread, NULL);
    }
    if (has("locks-memory") && mlockall(MCL_CURRENT) < 0) {
        host->fail(host->context, BOOTFERRY_ERROR_IO, errno, "locking memory");
        return -1;
    }
    if (has("creates-a-file")) {
        const int made = open("/tmp/bootferry-bad", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

        if (made < 0) {
            host->fail(host->context, BOOTFERRY_ERROR_IO, errno, "creating a file");
            return -1;
        }
        close(made);
    }
    return 0;
}

static int open_source(struct bootferry_session* session, const struct bootferry_request* request) {
    const char* path = strrchr(request->url, '/');
    uint64_t offset = has("halves-large-offsets") ? (uint32_t)request->offset : request->offset;
    uint64_t whole;
    char byte[8];

    session->cancel_fd = request->cancel_fd;
    session->url = request->url;
    if (has("refuses-unknown-flags") && request->flags != 0)
        return fail(session, BOOTFERRY_ERROR_INVALID, "there is no such flag");
    if (has("wants-the-environment") && getenv("HOME") == NULL)
        return fail(session, BOOTFERRY_ERROR_IO, "HOME is not set");
    if (has("wants-a-validator") && request->offset > 0 && request->validator == NULL)
        return fail(session, BOOTFERRY_ERROR_RANGE, "it may be another version");
    session->length = request->length;
    session->changed = strcmp(path, "/changed") == 0;
    if (misbehave(session) < 0)
        return -1;
    if (!has("opens-when-cancelled") && cancelled(session, 0)) {
        if (has("reads-cancel-fd"))
            (void)!read(session->cancel_fd, byte, sizeof byte);
        if (has("leaks-descriptor-on-cancel"))
            (void)!fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
        if (has("slow-cancel"))
            sleep(3);
        return fail(session, BOOTFERRY_ERROR_CANCELLED, "cancelled");
    }
    if (strcmp(path, "/missing") == 0)
        return fail(session,
                    has("missing-is-protocol") ? BOOTFERRY_ERROR_PROTOCOL : BOOTFERRY_ERROR_NOT_FOUND,
                    "there is nothing");
    if (strcmp(path, "/waiting") == 0) {
        if (has("ignores-cancel-while-waiting"))
            sleep(30);
        while (!cancelled(session, 1000))
            ;
        return fail(session, BOOTFERRY_ERROR_CANCELLED, "cancelled");
    }
    whole = session->changed ? 1000 : strtoull(path + 1, NULL, 10);
    session->size = whole;
    session->end = whole;
    if (has("ends-before-length") && request->length < whole)
        session->end = offset + request->length / 2;
    if (offset > session->size) {
        if (has("leaks-thread-on-failure"))
            pthread_create(&(pthread_t){0}, NULL, sleep_for_ever, NULL);
        if (!has("opens-behind-the-end"))
            return fail(session, BOOTFERRY_ERROR_RANGE, "behind the end");
    }
    if (offset == session->size && session->size > 0 && has("refuses-the-end"))
        return fail(session, BOOTFERRY_ERROR_RANGE, "at the end");
    if (request->validator != NULL && strcmp(request->validator, validator_of(session)) != 0 &&
        !(has("takes-longer-validators") &&
          strncmp(request->validator, validator_of(session), strlen(validator_of(session))) == 0) &&
        !(has("takes-shorter-validators") &&
          strncmp(request->validator, validator_of(session), strlen(request->validator)) == 0) &&
        !has("ignores-validator") && !has("ignores-validator-of-letters"))
        return fail(session, BOOTFERRY_ERROR_RANGE, "another version");
    strcpy(shared_validator, validator_of(session));
    session->position = has("ignores-offset") || offset > session->size ? 0 : offset;
    session->start = shared_position = session->position;
    if (has("crashes"))
        abort();
    if (has("opens-with-another-number"))
        return 1;
    return 0;
}

static int info(struct bootferry_session* session, struct bootferry_info* answer) {
    static char endless[2000];

    answer->flags = has("hides-resuming") ? 0 : BOOTFERRY_INFO_RESUMABLE | BOOTFERRY_INFO_RANGES;
    answer->size = session->size + (has("wrong-size") ? 1 : 0);
    answer->validator = validator_of(session);
    if (has("size-is-too-large-at-first") && session->position == session->start)
        answer->size++;
    if (has("unknown-flag"))
        answer->flags |= 1u << 9;
    if (has("fills-unasked-fields"))
        answer->modified = 1;
    if (has("keeps-info"))
        kept_info = answer;
    if (has("validator-changes"))
        answer->validator = session->position == 0 ? VALIDATOR : "version-9";
    if (has("validator-of-the-offset") && session->start > 0)
        answer->validator = "version-9";
    if (has("escape-in-validator"))
        answer->validator = "1\033";
    if (has("splice-without-function") || has("splices-other-bytes"))
        answer->flags |= BOOTFERRY_INFO_SPLICEABLE;
    if (has("ranges-without-resuming"))
        answer->flags = BOOTFERRY_INFO_RANGES;
    if (has("length-is-the-size") && session->length < session->size)
        answer->size = session->length;
    if (has("size-behind-offset"))
        answer->size = session->size - session->start;
    if (has("strong-without-validator")) {
        answer->flags |= BOOTFERRY_INFO_STRONG_VALIDATOR;
        answer->validator = NULL;
    }
    if (has("shares-its-validator")) {
        answer->validator = shared_validator;
    }
    if (has("modified-in-milliseconds") && answer->struct_size >= sizeof *answer)
        answer->modified = 1764531600000;
    if (has("escape-in-location") && answer->struct_size >= sizeof *answer)
        answer->location = "bad://here/\033[2J";
    if (has("long-validator")) {
        memset(endless, 'x', sizeof endless - 1);
        answer->validator = endless;
    }
    if (has("clears-what-it-does-not-know") && answer->struct_size > sizeof *answer)
        memset(answer + 1, 0, answer->struct_size - sizeof *answer);
    if (has("writes-behind-info"))
        memset(answer, 0, sizeof *answer + 8);
    return 0;
}

static ssize_t read_bytes(struct bootferry_session* session, void* buffer, size_t len) {
    uint64_t* position = has("shares-state") ? &shared_position : &session->position;
    uint64_t left = session->end > *position ? session->end - *position : 0;
    size_t count = left < len ? (size_t)left : len;
    unsigned char* bytes = buffer;
    size_t i;

    if (!has("reads-when-cancelled") && cancelled(session, 0))
        return fail(session, BOOTFERRY_ERROR_CANCELLED, "cancelled");
    if (has("wants-one-thread") && session->owner != gettid())
        return fail(session, BOOTFERRY_ERROR_INTERNAL, "another thread");
    if (has("uses-url-after-open") && session->url[0] != 'b')
        return fail(session, BOOTFERRY_ERROR_INTERNAL, "another URL");
    if (kept_info != NULL)
        kept_info->size = 0;
    if (has("hangs-with-signals-blocked")) {
        sigset_t all;

        sigfillset(&all);
        pthread_sigmask(SIG_BLOCK, &all, NULL);
        (void)poll(NULL, 0, -1);
    }
    if (has("hangs"))
        (void)poll(NULL, 0, -1); /* pause(2) is not one of the sandbox's calls */
    if (count == 0 && session->ended && has("starts-anew-after-the-end")) {
        bytes[0] = 0;
        return 1;
    }
    session->ended = count == 0;
    if (has("shares-state-late") && session->position > 2000000 && count > 0) {
        /* As from a buffer that all sessions fill, and that is only asked here. */
        static struct bootferry_session* owner;

        if (owner != NULL && owner != session && count > 1)
            (*position)++;
        owner = session;
    }
    for (i = 0; i < count; i++)
        bytes[i] = (unsigned char)((*position + i) % 251);
    if (has("shares-a-buffer")) {
        count = count < sizeof shared_bytes ? count : sizeof shared_bytes;
        memcpy(shared_bytes, bytes, count);
        (void)poll(NULL, 0, 1);
        memcpy(bytes, shared_bytes, count);
    }
    if (has("wrong-when-read-singly") && len == 1 && count == 1 && *position == 1000)
        bytes[0] ^= 1;
    if (has("loses-a-byte-in-odd-reads") && len == 4095 && count > 1)
        (*position)++;
    if (has("writes-too-much"))
        bytes[len] = 0;
    *position += count;
    return has("claims-too-much") && count > 0 ? (ssize_t)len + 1 : (ssize_t)count;
}

static ssize_t splice_bytes(struct bootferry_session* session, int pipe, size_t len) {
    unsigned char bytes[4096];
    ssize_t count = read_bytes(session, bytes, len < sizeof bytes ? len : sizeof bytes);

    if (count > 0) {
        bytes[count - 1] ^= 1;
        (void)!write(pipe, bytes, (size_t)count);
    }
    return count;
}

static int finish(struct bootferry_session* session, enum bootferry_outcome outcome) {
    (void)outcome;
    if (has("leaks-descriptor-in-finish"))
        (void)!fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
    return has("fails-to-finish") || (has("fails-to-finish-early") && session->position < session->end)
               ? fail(session, BOOTFERRY_ERROR_INTERNAL, "cannot finish")
               : 0;
}

static void session_free(struct bootferry_session* session) {
    if (has("session-free-blocks") && session->position > 0 && session->position < session->size &&
        sessions_so_far == 1)
        sleep(2);
    if (has("closes-cancel-fd"))
        close(session->cancel_fd);
    if (has("closes-stdin"))
        close(STDIN_FILENO);
    if (has("closes-stderr"))
        close(STDERR_FILENO);
    old_host = session->host;
    stop_thread = 1;
    while (thread_runs)
        (void)poll(NULL, 0, 10);
    stop_thread = 0;
    free(session);
}

static const char* const schemes[] = {"bad", NULL};
static const char* const other_schemes[] = {"worse", NULL};
static const char* const two_schemes[] = {"bad", "bad", NULL};
static const char* const capital_schemes[] = {"bad", "Worse", NULL};
static const struct bootferry_option options[] = {{"port", "not used"}, {NULL, NULL}};
static const struct bootferry_option two_options[] = {
    {"port", "not used"}, {"port", "not used"}, {NULL, NULL}};
static const struct bootferry_option bad_options[] = {{"No Key", "x"}, {NULL, NULL}};
static const struct bootferry_option escaping_options[] = {{"key", "x\033[2J"}, {NULL, NULL}};

static uint32_t all_needs(const char* key) {
    (void)key;
    return UINT32_MAX;
}

const struct bootferry_plugin* bootferry_plugin_entry(void) {
    static struct bootferry_plugin table;

    if (has("changes-locale-early"))
        setlocale(LC_ALL, "C.UTF-8");
    if (has("ignores-sigterm-early"))
        signal(SIGTERM, SIG_IGN);
    if (has("starts-a-thread-at-once"))
        start_thread(sleep_for_ever);
    if (has("crashes-at-once"))
        abort();
    if (has("crashes-at-the-end"))
        atexit(abort);
    if (has("hangs-at-the-end"))
        atexit(hang_at_the_end);
    table.struct_size = has("short-table") ? 40 : sizeof table;
    table.abi_version = BOOTFERRY_ABI_VERSION + (has("next-abi") ? 1 : 0);
    table.name = has("other-name") ? "good" : "bad";
    table.version = has("empty-version") ? "" : "1";
    table.schemes = has("other-scheme")           ? other_schemes
                    : has("lists-a-scheme-twice") ? two_schemes
                    : has("scheme-in-capitals")   ? capital_schemes
                                                  : schemes;
    table.options = has("bad-option-key")          ? bad_options
                    : has("escape-in-help")        ? escaping_options
                    : has("lists-an-option-twice") ? two_options
                                                   : options;
    table.needs = has("unknown-needs") ? all_needs : NULL;
    table.session_new = session_new;
    table.set_option = set_option;
    table.open = open_source;
    table.info = info;
    table.read = has("no-read") ? NULL : read_bytes;
    table.finish = finish;
    table.session_free = session_free;
    table.splice = has("splices-other-bytes") ? splice_bytes : NULL;
    return has("refuses-to-load") ? NULL : &table;
}
