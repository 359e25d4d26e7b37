/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bootferry/plugin-helpers.h, function by function; it compiles as C and as C++. plugin_helpers_test.py
 * builds it in each dialect and runs it: it prints what is wrong and exits with the number of faults.
 */
#include "bootferry/plugin-helpers.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

static int faults;

#define EXPECT(condition)                                                                                    \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            printf("line %d: not %s\n", __LINE__, #condition);                                               \
            faults++;                                                                                        \
        }                                                                                                    \
    } while (0)

static struct {
    int failures;
    enum bootferry_error code;
    int errno_value;
    int priority;
    char text[4096];
} noted;

static void note_fail(void* context, enum bootferry_error code, int errno_value, const char* message) {
    EXPECT(context == &noted);
    noted.failures++;
    noted.code = code;
    noted.errno_value = errno_value;
    snprintf(noted.text, sizeof noted.text, "%s", message);
}

static void note_log(void* context, int priority, const char* message) {
    EXPECT(context == &noted);
    noted.priority = priority;
    snprintf(noted.text, sizeof noted.text, "%s", message);
    errno = EXDEV;
}

static void note_status(void* context, const char* text) {
    note_log(context, 0, text);
}

static const char* other_file(void* context, const char* path) {
    (void)context;
    return strcmp(path, "/key") == 0 ? "/proc/self/fd/7" : path;
}

static struct bootferry_host host;

static void texts(void) {
    char longer[3000];
    size_t i;

    EXPECT(bootferry_fail(&host, BOOTFERRY_ERROR_UNREACHABLE, ECONNRESET, "reading %s at %d", "x.iso", 7) ==
           -1);
    EXPECT(noted.failures == 1 && noted.code == BOOTFERRY_ERROR_UNREACHABLE &&
           noted.errno_value == ECONNRESET);
    EXPECT(strcmp(noted.text, "reading x.iso at 7") == 0);
    bootferry_fail(&host, BOOTFERRY_ERROR_PROTOCOL, 0, "%s", "it sent\n\033[2Jno\177");
    EXPECT(strcmp(noted.text, "it sent  [2Jno ") == 0);
    /* CSI as one character, a direction mark, Latin-1, an overlong form, a surrogate, half a character. */
    bootferry_fail(&host, BOOTFERRY_ERROR_PROTOCOL, 0, "%s",
                   "\302\233J \342\200\256x \366y \300\200 \355\240\200 \360\237\230\200 \303");
    EXPECT(strcmp(noted.text, " J  x ?y ?? ??? \360\237\230\200 ?") == 0);
    for (i = 0; i + 1 < sizeof longer; i++)
        longer[i] = i % 2 == 0 ? '\xc3' : '\xa4';
    longer[sizeof longer - 1] = '\0';
    for (i = 0; i < 2; i++) {
        bootferry_fail(&host, BOOTFERRY_ERROR_PROTOCOL, 0, "%s%s", i == 0 ? "" : "x", longer);
        EXPECT(strlen(noted.text) < BOOTFERRY_LONGEST_TEXT &&
               strlen(noted.text) > BOOTFERRY_LONGEST_TEXT - 8);
        EXPECT((strlen(noted.text) - i) % 2 == 0); /* whole characters */
    }
    errno = EBUSY;
    bootferry_log(&host, BOOTFERRY_LOG_WARNING, "%u%%", 99u);
    EXPECT(errno == EBUSY && noted.priority == BOOTFERRY_LOG_WARNING && strcmp(noted.text, "99%") == 0);
    bootferry_status(&host, "waiting for %s", "a server");
    EXPECT(errno == EBUSY && strcmp(noted.text, "waiting for a server") == 0);
}

static void option_files(void) {
    host.option_file = other_file;
    EXPECT(strcmp(bootferry_option_file(&host, "/key"), "/proc/self/fd/7") == 0);
    host.struct_size = (uint32_t)offsetof(struct bootferry_host, option_file); /* an older host */
    EXPECT(strcmp(bootferry_option_file(&host, "/key"), "/key") == 0);
    host.struct_size = sizeof host;
    host.option_file = NULL;
    EXPECT(strcmp(bootferry_option_file(&host, "/key"), "/key") == 0);
}

static void numbers(void) {
    static const char* const none[] = {
        "", " 1", "1 ", "+1", "-1", "0x1", "1k", "18446744073709551616", "99999999999999999999999"};
    uint64_t number = 5;
    size_t i;

    for (i = 0; i < sizeof none / sizeof *none; i++)
        EXPECT(bootferry_parse_number(none[i], UINT64_MAX, &number) == -1 && number == 5);
    EXPECT(bootferry_parse_number("18446744073709551615", UINT64_MAX, &number) == 0 && number == UINT64_MAX);
    EXPECT(bootferry_parse_number("0080", 80, &number) == 0 && number == 80);
    EXPECT(bootferry_parse_number("81", 80, &number) == -1 && number == 80);
    EXPECT(bootferry_parse_number("3", 3, &number) == 0 && number == 3);
    EXPECT(bootferry_parse_number("4", 3, &number) == -1);
    EXPECT(bootferry_parse_number("0", 0, &number) == 0 && number == 0);
}

static void sizes(void) {
    static const char* const none[] = {
        "", "K", "1KB", "1KiB", "1 K", "1.5M", "-1", "1T", "18014398509481984K", "17179869184G"};
    uint64_t bytes = 5;
    size_t i;

    for (i = 0; i < sizeof none / sizeof *none; i++)
        EXPECT(bootferry_parse_size(none[i], UINT64_MAX, &bytes) == -1 && bytes == 5);
    EXPECT(bootferry_parse_size("731", UINT64_MAX, &bytes) == 0 && bytes == 731);
    EXPECT(bootferry_parse_size("500K", UINT64_MAX, &bytes) == 0 && bytes == 512000);
    EXPECT(bootferry_parse_size("10m", UINT64_MAX, &bytes) == 0 && bytes == 10u << 20);
    EXPECT(bootferry_parse_size("1G", UINT64_MAX, &bytes) == 0 && bytes == 1u << 30);
    EXPECT(bootferry_parse_size("4K", 4096, &bytes) == 0 && bytes == 4096);
    EXPECT(bootferry_parse_size("5K", 5119, &bytes) == -1);
}

static void switches(void) {
    int value = -1;

    EXPECT(bootferry_parse_bool("maybe", &value) == -1 && bootferry_parse_bool("Yes", &value) == -1 &&
           value == -1);
    EXPECT(bootferry_parse_bool("", &value) == 0 && value == 1);
    EXPECT(bootferry_parse_bool("off", &value) == 0 && value == 0);
    EXPECT(bootferry_parse_bool("on", &value) == 0 && value == 1);
    EXPECT(bootferry_parse_bool("0", &value) == 0 && value == 0);
}

static int is(struct bootferry_part part, const char* text) {
    return part.start != NULL && part.length == strlen(text) && memcmp(part.start, text, part.length) == 0;
}

static void urls(void) {
    static const char* const none[] = {"",
                                       "http",
                                       "http:/x",
                                       "://h/",
                                       "/a://b",
                                       "a b://h/",
                                       "http://u@h/",
                                       "http://u:p@h/",
                                       "http://[::1/x",
                                       "http://[::1]x/",
                                       "http://h:0/",
                                       "http://h:65536/",
                                       "http://h:8x/",
                                       "http://h:80:80/"};
    struct bootferry_url_parts parts;
    size_t i;

    for (i = 0; i < sizeof none / sizeof *none; i++)
        EXPECT(bootferry_split_url(none[i], &parts) == -1);
    EXPECT(bootferry_split_url("nfs://10.0.0.1:2049/a%20b/c.iso?version=4&x=@#part", &parts) == 0);
    EXPECT(is(parts.scheme, "nfs") && is(parts.host, "10.0.0.1") && parts.port == 2049);
    EXPECT(is(parts.path, "/a%20b/c.iso") && is(parts.query, "version=4&x=@"));
    EXPECT(bootferry_split_url("x://[fe80::1%25eth0]:8080", &parts) == 0);
    EXPECT(is(parts.host, "fe80::1%25eth0") && parts.port == 8080 && is(parts.path, "") &&
           parts.query.start == NULL);
    EXPECT(bootferry_split_url("x://h:/", &parts) == 0 && parts.port == 0 && is(parts.host, "h"));
    EXPECT(bootferry_split_url("x:///file?", &parts) == 0 && is(parts.host, "") && is(parts.path, "/file") &&
           is(parts.query, ""));
}

static int decodes(const char* text, const char* expected) {
    const struct bootferry_part part = {text, strlen(text)};
    char* decoded = bootferry_decode_part(part);
    const int equal = decoded != NULL && strcmp(decoded, expected) == 0;

    free(decoded);
    return equal;
}

static void decoding(void) {
    static const char* const none[] = {"%", "%4", "a%4", "%zz", "%4g", "a%00b", "%%41"};
    const struct bootferry_part cut = {"%41", 2};
    const struct bootferry_part missing = {NULL, 0};
    char* copy;
    size_t i;

    for (i = 0; i < sizeof none / sizeof *none; i++) {
        errno = 0;
        EXPECT(!decodes(none[i], "") && errno == EINVAL);
    }
    EXPECT(decodes("", "") && decodes("%41", "A") && decodes("a%20b%2Fc%c3%A4", "a b/c\xc3\xa4") &&
           decodes("a+b", "a+b"));
    EXPECT(bootferry_decode_part(cut) == NULL && bootferry_decode_part(missing) == NULL);
    copy = bootferry_copy_part(cut);
    EXPECT(copy != NULL && strcmp(copy, "%4") == 0);
    free(copy);
}

static int resolve_or_not(void* context, const char* name, struct bootferry_resolution* result) {
    static const char* const addresses[] = {"2001:db8::1", "10.0.0.1", "127.0.0.2", "127.0.0.1"};

    EXPECT(context == &noted && result->struct_size == sizeof *result);
    if (strcmp(name, "known") == 0) {
        result->addresses = addresses;
        result->count = 2;
        return 0;
    }
    if (strcmp(name, "two") == 0 || strcmp(name, "loopback") == 0) {
        result->count = strcmp(name, "two") == 0 ? 2 : 1;
        result->addresses = addresses + 4 - result->count;
        return 0;
    }
    result->message = strcmp(name, "mute") == 0 ? NULL : "the name is \n unknown";
    return BOOTFERRY_ERROR_UNREACHABLE;
}

static void names(void) {
    struct bootferry_addresses found;
    struct bootferry_host older = host;

    host.resolve = resolve_or_not;
    EXPECT(bootferry_resolve(&host, "known", &found) == 0 && found.count == 2);
    EXPECT(strcmp(found.text[0], "2001:db8::1") == 0 && strcmp(found.text[1], "10.0.0.1") == 0);
    noted.failures = 0;
    EXPECT(bootferry_find_addresses(&host, "unknown", &found) == BOOTFERRY_ERROR_UNREACHABLE);
    EXPECT(found.count == 0 && noted.failures == 0);
    EXPECT(bootferry_resolve(&host, "unknown", &found) == -1);
    EXPECT(noted.failures == 1 && noted.code == BOOTFERRY_ERROR_UNREACHABLE);
    EXPECT(strcmp(noted.text, "the name is   unknown") == 0);
    EXPECT(bootferry_resolve(&host, "mute", &found) == -1 && strcmp(noted.text, "resolving a name") == 0);

    older.struct_size = offsetof(struct bootferry_host, resolve); /* behind it lies nothing */
    older.resolve = resolve_or_not;
    EXPECT(bootferry_resolve(&older, "127.0.0.1", &found) == 0 && found.count == 1);
    EXPECT(strcmp(found.text[0], "127.0.0.1") == 0);
    EXPECT(bootferry_resolve(&older, "no such name", &found) == -1 &&
           strncmp(noted.text, "host name 'no such name' does not resolve: ", 43) == 0);
}

/* A socket on loopback that is listened on, unless the backlog is -1. */
static int bound(int backlog, uint16_t* port) {
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    const int made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT(bind(made, (struct sockaddr*)&address, size) == 0);
    EXPECT(backlog < 0 || listen(made, backlog) == 0);
    EXPECT(getsockname(made, (struct sockaddr*)&address, &size) == 0);
    *port = ntohs(address.sin_port);
    return made;
}

static void* cancel_later(void* end) {
    (void)poll(NULL, 0, 300);
    EXPECT(close(*(int*)end) == 0); /* the host's way of cancelling may be the end of a pipe */
    return NULL;
}

static void connections(void) {
    struct bootferry_addresses found;
    pthread_t canceller;
    int cancel[2];
    int listener;
    int refusing;
    int full;
    int made;
    int queued[3];
    int i;
    uint16_t port;
    uint16_t refused;
    uint16_t unanswered;

    EXPECT(pipe(cancel) == 0);
    host.resolve = resolve_or_not;
    listener = bound(8, &port);
    refusing = bound(-1, &refused);
    full = bound(0, &unanswered);
    made = bootferry_connect_address(cancel[0], "127.0.0.1", port, BOOTFERRY_NO_DEADLINE);
    EXPECT(made >= 0);
    EXPECT((fcntl(made, F_GETFL) & O_NONBLOCK) != 0 && fcntl(made, F_GETFD) == FD_CLOEXEC);
    EXPECT(close(made) == 0);
    EXPECT(bootferry_connect_address(cancel[0], "a name", port, 0) == -1 && errno == EADDRNOTAVAIL);
    EXPECT(bootferry_connect_address(cancel[0], "127.0.0.1", refused, 0) == -1 && errno == ECONNREFUSED);
    EXPECT(fcntl(made, F_GETFD) == -1); /* nothing is left open */

    noted.failures = 0;
    EXPECT(bootferry_connect(&host, cancel[0], "loopback", refused) == -1);
    EXPECT(noted.failures == 1 && noted.code == BOOTFERRY_ERROR_UNREACHABLE);
    EXPECT(noted.errno_value == ECONNREFUSED);
    EXPECT(strncmp(noted.text, "connecting to loopback, port ", 29) == 0 &&
           strstr(noted.text, "addresses") == NULL);
    EXPECT(bootferry_connect(&host, cancel[0], "two", refused) == -1 && noted.failures == 2);
    EXPECT(noted.errno_value == ECONNREFUSED && strstr(noted.text, ", at 2 addresses, ") != NULL);
    EXPECT(bootferry_connect(&host, cancel[0], "unknown", port) == -1 && noted.failures == 3);
    EXPECT(strcmp(noted.text, "the name is   unknown") == 0);
    made = bootferry_connect(&host, cancel[0], "two", port); /* the first of them is nobody's */
    EXPECT(made >= 0 && noted.failures == 3);
    EXPECT(close(made) == 0);

    /* A full queue answers nobody: the deadline ends it, and the cancel. */
    for (i = 0; i < 3; i++)
        queued[i] = bootferry_connect_address(cancel[0], "127.0.0.1", unanswered, bootferry_deadline(100));
    EXPECT(queued[2] == -1 && errno == ETIMEDOUT);
    EXPECT(pthread_create(&canceller, NULL, cancel_later, &cancel[1]) == 0);
    EXPECT(bootferry_connect(&host, cancel[0], "loopback", unanswered) == -1);
    EXPECT(noted.failures == 4 && noted.code == BOOTFERRY_ERROR_CANCELLED);
    pthread_join(canceller, NULL);
    for (i = 0; i < 3; i++)
        if (queued[i] >= 0)
            close(queued[i]);
    close(listener);
    close(refusing);
    close(full);

    memset(&found, 0x5a, sizeof found); /* what it finds in there must not count */
    EXPECT(bootferry_ask_resolver("127.0.0.1", &found) == 0 && found.count == 1 && found.message[0] == '\0');
}

static void raw_urls(void) {
    struct bootferry_request request;

    memset(&request, 0, sizeof request);
    request.struct_size = sizeof request;
    request.url = "x://host/a";
    EXPECT(bootferry_raw_url(&request) == request.url);
    request.raw_url = "X://Host/a#b";
    EXPECT(bootferry_raw_url(&request) == request.raw_url);
    request.struct_size = offsetof(struct bootferry_request, raw_url);
    EXPECT(bootferry_raw_url(&request) == request.url);
}

static void no_handler(int number) {
    (void)number;
}

static void waiting(void) {
    struct sigaction interrupt;
    struct pollfd many[BOOTFERRY_MOST_POLLED + 1];
    int cancel[2];
    int data[2];
    int64_t before;

    memset(&interrupt, 0, sizeof interrupt);
    interrupt.sa_handler = no_handler;
    sigaction(SIGALRM, &interrupt, NULL);
    EXPECT(pipe(cancel) == 0 && pipe(data) == 0);

    EXPECT(bootferry_wait(&host, cancel[0], data[0], POLLIN, bootferry_deadline(0)) == 0);
    before = bootferry_now();
    alarm(1); /* interrupts the wait, and must not end it */
    EXPECT(bootferry_wait(&host, cancel[0], -1, 0, bootferry_deadline(1500)) == 0);
    EXPECT(bootferry_now() - before >= 1500);
    EXPECT(bootferry_deadline(INT64_MAX) == BOOTFERRY_NO_DEADLINE);
    EXPECT(bootferry_poll(cancel[0], many, BOOTFERRY_MOST_POLLED + 1, 0) == -1 && errno == EINVAL);

    EXPECT(write(data[1], "x", 1) == 1);
    EXPECT(bootferry_wait(&host, cancel[0], data[0], POLLIN, BOOTFERRY_NO_DEADLINE) == POLLIN);
    EXPECT(!bootferry_is_cancelled(cancel[0]));

    noted.failures = 0;
    close(cancel[1]); /* the host's way of cancelling may be the end of a pipe */
    EXPECT(bootferry_is_cancelled(cancel[0]));
    EXPECT(bootferry_wait(&host, cancel[0], data[0], POLLIN, BOOTFERRY_NO_DEADLINE) == -1);
    EXPECT(noted.failures == 1 && noted.code == BOOTFERRY_ERROR_CANCELLED);
    EXPECT(bootferry_wait(&host, 1000, -1, 0, BOOTFERRY_NO_DEADLINE) == -1); /* no such descriptor */
    EXPECT(noted.failures == 2 && noted.code == BOOTFERRY_ERROR_IO && noted.errno_value == EBADF);
}

int main(void) {
    host.struct_size = sizeof host;
    host.abi_version = BOOTFERRY_ABI_VERSION;
    host.context = &noted;
    host.fail = note_fail;
    host.log = note_log;
    host.status = note_status;
    texts();
    option_files();
    numbers();
    sizes();
    switches();
    urls();
    decoding();
    names();
    connections();
    raw_urls();
    waiting();
    return faults;
}
