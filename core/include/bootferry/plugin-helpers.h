/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What most plugins need beside plugin.h, as inline functions: failures with a format, numbers, sizes and
 * switches as bootferry itself reads them, the parts of a URL, names, and waiting and connecting that a
 * cancel ends.
 *
 * Nothing here is part of the interface between host and plugin. The functions are compiled into the plugin,
 * so there is nothing to link against, and a plugin without them is as good. C99 and later, C++11
 * and later; in C++, plugin.hpp makes a plugin a class. The functions keep no state and may be called from
 * any thread. Where one returns int, 0 is success and -1 failure, as in plugin.h, unless it says otherwise.
 *
 * It needs POSIX.1-2008: compile with -std=gnu11 (the default of gcc and clang is such a dialect) or, with
 * -std=c11, with -D_POSIX_C_SOURCE=200809L.
 */
#ifndef BOOTFERRY_PLUGIN_HELPERS_H
#define BOOTFERRY_PLUGIN_HELPERS_H

#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <poll.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bootferry/plugin.h"

#ifndef CLOCK_MONOTONIC
#error "bootferry/plugin-helpers.h needs POSIX.1-2008: -std=gnu11, or -D_POSIX_C_SOURCE=200809L"
#endif

#if defined(__GNUC__)
#define BOOTFERRY_HELPER __attribute__((unused)) static inline
#define BOOTFERRY_FORMAT(text, first) __attribute__((format(printf, text, first)))
#else
#define BOOTFERRY_HELPER static inline
#define BOOTFERRY_FORMAT(text, first)
#endif

/* NOLINTBEGIN(modernize-use-nullptr,modernize-redundant-void-arg,cppcoreguidelines-init-variables): C has no
 * other way */

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Speaking to the host ------------------------------------------------------------------------------ */

/* The longest text that the functions below pass on, with its NUL; what is longer is cut. */
#define BOOTFERRY_LONGEST_TEXT 2048

/* The length of the UTF-8 character at `text`, and its number in `code`; 0 if there is none. */
BOOTFERRY_HELPER size_t bootferry_take_character(const char* text, uint32_t* code) {
    static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000}; /* of a length: less is an overlong form */
    const unsigned char* bytes = (const unsigned char*)text;
    const size_t length = bytes[0] < 0x80u    ? 1
                          : bytes[0] < 0xc0u  ? 0
                          : bytes[0] < 0xe0u  ? 2
                          : bytes[0] < 0xf0u  ? 3
                          : bytes[0] <= 0xf4u ? 4
                                              : 0;
    size_t i;

    *code = length > 1 ? bytes[0] & (0x7fu >> length) : bytes[0];
    for (i = 1; i < length; i++) {
        if ((bytes[i] & 0xc0u) != 0x80u) /* a NUL, too */
            return 0;
        *code = *code << 6u | (bytes[i] & 0x3fu);
    }
    return *code < lowest[length] || *code > 0x10ffffu || (*code >= 0xd800u && *code <= 0xdfffu) ? 0 : length;
}

/* Whether a terminal is controlled or misled: control characters, direction marks and invisible ones. */
BOOTFERRY_HELPER int bootferry_is_misleading(uint32_t code) {
    return code < 0x20u || (code >= 0x7fu && code <= 0x9fu) || code == 0x61cu || code == 0x200eu ||
           code == 0x200fu || (code >= 0x2028u && code <= 0x202eu) || (code >= 0x2066u && code <= 0x2069u) ||
           code == 0xfeffu || (code >= 0xe0000u && code <= 0xe007fu);
}

/* Whether it is a noncharacter of Unicode, which D-Bus refuses. */
BOOTFERRY_HELPER int bootferry_is_noncharacter(uint32_t code) {
    return (code >= 0xfdd0u && code <= 0xfdefu) || (code & 0xfffeu) == 0xfffeu;
}

/* Makes it one line of UTF-8, as the host does: a space for what misleads, '?' for what is no character. */
BOOTFERRY_HELPER void bootferry_clean_line(char* text) {
    char* to = text;
    uint32_t code;

    while (*text != '\0') {
        const size_t length = bootferry_take_character(text, &code);

        if (length == 0 || bootferry_is_noncharacter(code)) {
            *to++ = '?';
        } else if (bootferry_is_misleading(code)) {
            *to++ = ' ';
        } else {
            memmove(to, text, length);
            to += length;
        }
        text += length > 0 ? length : 1;
    }
    *to = '\0';
}

/*
 * Formats into text[BOOTFERRY_LONGEST_TEXT]: one line of UTF-8, without characters that control or mislead a
 * terminal (the server's own words may be in it), and never cut within one. The functions below use it.
 */
BOOTFERRY_FORMAT(2, 0)
BOOTFERRY_HELPER void bootferry_format_line(char* text, const char* format, va_list arguments) {
    const int length = vsnprintf(text, BOOTFERRY_LONGEST_TEXT, format, arguments);

    if (length < 0)
        text[0] = '\0';
    if (length >= BOOTFERRY_LONGEST_TEXT) {
        size_t end = BOOTFERRY_LONGEST_TEXT - 1;

        while (end > 0 && ((unsigned char)text[end - 1] & 0xc0u) == 0x80u)
            end--; /* continuation bytes of the last character */
        if (end > 0 && ((unsigned char)text[end - 1] & 0x80u) != 0)
            end--; /* its first byte; a character that was complete is lost as well */
        text[end] = '\0';
    }
    bootferry_clean_line(text);
}

/*
 * Reports why a call fails, and returns -1: `return bootferry_fail(host, BOOTFERRY_ERROR_UNREACHABLE, errno,
 * "connecting to %s", name);`. errno_value is 0 if no system call failed. Call it once in a failing call; see
 * bootferry_host.fail for what the message should say.
 */
BOOTFERRY_FORMAT(4, 5)
BOOTFERRY_HELPER int bootferry_fail(const struct bootferry_host* host, enum bootferry_error code,
                                    int errno_value, const char* format, ...) {
    char text[BOOTFERRY_LONGEST_TEXT];
    va_list arguments;

    va_start(arguments, format);
    bootferry_format_line(text, format, arguments);
    va_end(arguments);
    host->fail(host->context, code, errno_value, text);
    return -1;
}

/*
 * A function with a variable number of arguments is not inlined: without this, a compiler that optimises does
 * not see that the result is -1, and warns of variables that only a success sets.
 */
BOOTFERRY_HELPER int bootferry_failed(int result) {
    (void)result;
    return -1;
}
#define bootferry_fail(...) bootferry_failed(bootferry_fail(__VA_ARGS__))

/* Logs one line. errno is unchanged, so that it may be called between a failed call and bootferry_fail. */
BOOTFERRY_FORMAT(3, 4)
BOOTFERRY_HELPER void bootferry_log(const struct bootferry_host* host, enum bootferry_log_priority priority,
                                    const char* format, ...) {
    char text[BOOTFERRY_LONGEST_TEXT];
    va_list arguments;
    int saved = errno;

    va_start(arguments, format);
    bootferry_format_line(text, format, arguments);
    va_end(arguments);
    host->log(host->context, (int)priority, text);
    errno = saved;
}

/* Sets the words of the progress display; see bootferry_host.status. errno is unchanged. */
BOOTFERRY_FORMAT(2, 3)
BOOTFERRY_HELPER void bootferry_status(const struct bootferry_host* host, const char* format, ...) {
    char text[BOOTFERRY_LONGEST_TEXT];
    va_list arguments;
    int saved = errno;

    va_start(arguments, format);
    bootferry_format_line(text, format, arguments);
    va_end(arguments);
    host->status(host->context, text);
    errno = saved;
}

/* bootferry_host.option_file, or `path` itself with a host that does not have that function yet. */
BOOTFERRY_HELPER const char* bootferry_option_file(const struct bootferry_host* host, const char* path) {
    const size_t end = offsetof(struct bootferry_host, option_file) + sizeof host->option_file;

    return host->struct_size >= end && host->option_file != NULL ? host->option_file(host->context, path)
                                                                 : path;
}

/* ---- Values of options --------------------------------------------------------------------------------- */

/*
 * The digits that `text` begins with, as a number of at most `limit`. Returns the first character behind
 * them, or NULL if there is no digit or the number is larger.
 */
BOOTFERRY_HELPER const char* bootferry_take_number(const char* text, uint64_t limit, uint64_t* number) {
    uint64_t value = 0;

    if (*text < '0' || *text > '9')
        return NULL;
    for (; *text >= '0' && *text <= '9'; text++) {
        uint64_t digit = (uint64_t)(*text - '0');

        if (digit > limit || value > (limit - digit) / 10)
            return NULL;
        value = value * 10 + digit;
    }
    *number = value;
    return text;
}

/* Decimal digits only: no sign, no blank, no unit. *number is unchanged after a failure. */
BOOTFERRY_HELPER int bootferry_parse_number(const char* text, uint64_t limit, uint64_t* number) {
    uint64_t value = 0;
    const char* end = bootferry_take_number(text, limit, &value);

    if (end == NULL || *end != '\0')
        return -1;
    *number = value;
    return 0;
}

/*
 * A number of bytes, or of KiB, MiB or GiB: "731", "500K", "10m", "1G", as bootferryctl --limit-rate takes
 * it. *bytes is unchanged after a failure.
 */
BOOTFERRY_HELPER int bootferry_parse_size(const char* text, uint64_t limit, uint64_t* bytes) {
    uint64_t value = 0;
    unsigned shift = 0;
    const char* end = bootferry_take_number(text, limit, &value);

    if (end == NULL)
        return -1;
    switch (*end) {
    case 'k':
    case 'K':
        shift = 10;
        break;
    case 'm':
    case 'M':
        shift = 20;
        break;
    case 'g':
    case 'G':
        shift = 30;
        break;
    default:
        break;
    }
    if (end[shift > 0 ? 1 : 0] != '\0' || value > limit >> shift)
        return -1;
    *bytes = value << shift;
    return 0;
}

/*
 * A switch: "" (an option without a value), 1, yes, y, true, t and on are 1; 0, no, n, false, f and off are
 * 0, all in lower case, as on the kernel command line. *value is unchanged after a failure.
 */
BOOTFERRY_HELPER int bootferry_parse_bool(const char* text, int* value) {
    static const char* const words[2][7] = {{"0", "no", "n", "false", "f", "off", NULL},
                                            {"", "1", "yes", "y", "true", "t", "on"}};
    int meaning;
    size_t i;

    for (meaning = 0; meaning < 2; meaning++)
        for (i = 0; i < 7 && words[meaning][i] != NULL; i++)
            if (strcmp(text, words[meaning][i]) == 0) {
                *value = meaning;
                return 0;
            }
    return -1;
}

/* ---- URLs ---------------------------------------------------------------------------------------------- */

/* A part of another string: not terminated, not owned. */
struct bootferry_part {
    const char* start; /* NULL: the URL does not have this part */
    size_t length;
};

/* The parts point into the URL's string and are percent-encoded as there. */
struct bootferry_url_parts {
    struct bootferry_part scheme;
    struct bootferry_part host;  /* an IPv6 address without its brackets; may be empty */
    struct bootferry_part path;  /* begins with '/', or is empty */
    struct bootferry_part query; /* without the '?' */
    uint16_t port;               /* 0: the URL names none */
};

/*
 * Splits SCHEME://HOST[:PORT][/PATH][?QUERY][#FRAGMENT]; the fragment is dropped. request->url is always such
 * a URL. -1 if it is not, or contains userinfo, which the host never passes. *parts is unspecified then.
 */
BOOTFERRY_HELPER int bootferry_split_url(const char* url, struct bootferry_url_parts* parts) {
    const struct bootferry_part none = {NULL, 0};
    const char* colon = strstr(url, "://");
    const char* host = colon != NULL ? colon + 3 : NULL;
    const char* end;
    const char* behind_host;
    uint64_t port = 0;

    if (colon == NULL || colon == url ||
        strspn(url, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.") !=
            (size_t)(colon - url))
        return -1;
    parts->scheme.start = url;
    parts->scheme.length = (size_t)(colon - url);
    end = host + strcspn(host, "/?#");
    if (memchr(host, '@', (size_t)(end - host)) != NULL)
        return -1;
    if (*host == '[') {
        host++;
        behind_host = (const char*)memchr(host, ']', (size_t)(end - host));
        if (behind_host == NULL)
            return -1;
        parts->host.length = (size_t)(behind_host - host);
        behind_host++;
    } else {
        behind_host = (const char*)memchr(host, ':', (size_t)(end - host));
        if (behind_host == NULL)
            behind_host = end;
        parts->host.length = (size_t)(behind_host - host);
    }
    parts->host.start = host;
    if (behind_host != end) {
        if (*behind_host != ':')
            return -1;
        behind_host++;
        if (behind_host != end && (bootferry_take_number(behind_host, 65535, &port) != end || port == 0))
            return -1;
    }
    parts->port = (uint16_t)port;
    parts->path.start = end;
    parts->path.length = strcspn(end, "?#");
    end += parts->path.length;
    parts->query = none;
    if (*end == '?') {
        parts->query.start = end + 1;
        parts->query.length = strcspn(end + 1, "#");
    }
    return 0;
}

BOOTFERRY_HELPER int bootferry_hex_digit(char digit) {
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

/*
 * The part as a string of its own, as it is; the caller frees it with free(). NULL: no memory, or no such
 * part (errno is ENOMEM or EINVAL).
 */
BOOTFERRY_HELPER char* bootferry_copy_part(struct bootferry_part part) {
    char* copy;

    if (part.start == NULL) {
        errno = EINVAL;
        return NULL;
    }
    copy = (char*)malloc(part.length + 1);
    if (copy == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    memcpy(copy, part.start, part.length);
    copy[part.length] = '\0';
    return copy;
}

/*
 * The same, percent-decoded. Also NULL with EINVAL for a '%' that two hexadecimal digits do not follow, and
 * for %00, behind which a file name in C would end. A decoded path may contain "/../" and control characters:
 * what the protocol does with those is the plugin's to decide.
 */
BOOTFERRY_HELPER char* bootferry_decode_part(struct bootferry_part part) {
    char* copy = bootferry_copy_part(part);
    char* to = copy;
    size_t i;

    for (i = 0; copy != NULL && i < part.length; i++) {
        char byte = part.start[i];

        if (byte == '%') {
            const int high = i + 2 < part.length ? bootferry_hex_digit(part.start[i + 1]) : -1;
            const int low = i + 2 < part.length ? bootferry_hex_digit(part.start[i + 2]) : -1;

            if (high < 0 || low < 0 || high + low == 0) {
                free(copy);
                errno = EINVAL;
                return NULL;
            }
            byte = (char)(unsigned char)(high * 16 + low);
            i += 2;
        }
        *to++ = byte;
    }
    if (copy != NULL)
        *to = '\0';
    return copy;
}

/* ---- Waiting ------------------------------------------------------------------------------------------- */

/* Milliseconds of CLOCK_MONOTONIC; only differences mean something. */
BOOTFERRY_HELPER int64_t bootferry_now(void) {
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

#define BOOTFERRY_NO_DEADLINE INT64_MAX

/* The time in so many milliseconds, for the functions below. */
BOOTFERRY_HELPER int64_t bootferry_deadline(int64_t milliseconds) {
    const int64_t now = bootferry_now();

    return milliseconds > INT64_MAX - now ? BOOTFERRY_NO_DEADLINE : now + milliseconds;
}

/* How many descriptors bootferry_poll can wait for, besides cancel_fd. */
#define BOOTFERRY_MOST_POLLED 31

/*
 * poll(2) that a cancel ends: waits until one of fds is ready, the session is cancelled or the deadline has
 * passed, and continues after a signal. Returns the number of ready ones, with their revents set; 0 at the
 * deadline; -1 with errno ECANCELED if the session is cancelled, even if others are ready, or with the errno
 * of poll(2). No fds (NULL, 0): a sleep. It does not call the host, so that a library's thread may use it.
 */
BOOTFERRY_HELPER int bootferry_poll(int cancel_fd, struct pollfd* fds, size_t count, int64_t deadline) {
    struct pollfd all[BOOTFERRY_MOST_POLLED + 1];

    if (count > BOOTFERRY_MOST_POLLED) {
        errno = EINVAL;
        return -1;
    }
    all[0].fd = cancel_fd;
    all[0].events = POLLIN;
    if (count > 0)
        memcpy(all + 1, fds, count * sizeof *fds);
    for (;;) {
        int64_t left = -1;
        int ready;

        if (deadline != BOOTFERRY_NO_DEADLINE) {
            left = deadline - bootferry_now();
            left = left < 0 ? 0 : left > INT_MAX ? INT_MAX : left;
        }
        ready = poll(all, (nfds_t)(count + 1), (int)left);
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready < 0)
            return -1;
        if (all[0].revents != 0) {
            errno = (all[0].revents & POLLNVAL) != 0 ? EBADF : ECANCELED;
            return -1;
        }
        if (ready > 0) {
            memcpy(fds, all + 1, count * sizeof *fds);
            return ready;
        }
        if (deadline != BOOTFERRY_NO_DEADLINE && bootferry_now() >= deadline)
            return 0;
    }
}

/* Whether the session is cancelled, without waiting. */
BOOTFERRY_HELPER int bootferry_is_cancelled(int cancel_fd) {
    return bootferry_poll(cancel_fd, NULL, 0, 0) < 0 && errno == ECANCELED;
}

/*
 * Waits for one descriptor, and reports a failure to the host: returns its revents; 0 at the deadline, about
 * which the caller decides; -1 after host->fail (CANCELLED, or IO). fd is -1 for a sleep.
 */
BOOTFERRY_HELPER int bootferry_wait(const struct bootferry_host* host, int cancel_fd, int fd, short events,
                                    int64_t deadline) {
    struct pollfd one;
    int ready;

    one.fd = fd;
    one.events = events;
    one.revents = 0;
    ready = bootferry_poll(cancel_fd, &one, fd >= 0 ? 1 : 0, deadline);
    if (ready > 0)
        return one.revents;
    if (ready == 0)
        return 0;
    return errno == ECANCELED ? bootferry_fail(host, BOOTFERRY_ERROR_CANCELLED, 0, "cancelled")
                              : bootferry_fail(host, BOOTFERRY_ERROR_IO, errno, "waiting");
}

/* ---- Names --------------------------------------------------------------------------------------------- */

/* How many addresses of a name the function below returns, and the length of one, with its NUL. */
#define BOOTFERRY_MOST_ADDRESSES 16
#define BOOTFERRY_LONGEST_ADDRESS 64

struct bootferry_addresses {
    size_t count;
    char text[BOOTFERRY_MOST_ADDRESSES][BOOTFERRY_LONGEST_ADDRESS]; /* numeric, the best first */
    char message[BOOTFERRY_LONGEST_TEXT];                           /* after a failure, for host->fail */
};

/* What bootferry_find_addresses does with a host that has no resolve yet. */
BOOTFERRY_HELPER int bootferry_ask_resolver(const char* name, struct bootferry_addresses* found) {
    struct addrinfo hints;
    struct addrinfo* list = NULL;
    const struct addrinfo* entry;
    int error;

    found->count = 0;
    found->message[0] = '\0';
    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_STREAM;
    error = getaddrinfo(name, NULL, &hints, &list);
    if (error != 0) {
        (void)snprintf(found->message, sizeof found->message, "host name '%s' does not resolve: %s", name,
                       gai_strerror(error));
        return BOOTFERRY_ERROR_UNREACHABLE;
    }
    for (entry = list; entry != NULL && found->count < BOOTFERRY_MOST_ADDRESSES; entry = entry->ai_next)
        if (getnameinfo(entry->ai_addr, entry->ai_addrlen, found->text[found->count],
                        BOOTFERRY_LONGEST_ADDRESS, NULL, 0, NI_NUMERICHOST) == 0)
            found->count++;
    freeaddrinfo(list);
    if (found->count > 0)
        return 0;
    (void)snprintf(found->message, sizeof found->message, "host name '%s' has no address", name);
    return BOOTFERRY_ERROR_UNREACHABLE;
}

/*
 * The addresses of a host name by host->resolve, whose return value and rules it has. With a host that does
 * not have that function yet it calls getaddrinfo(3), which a cancel does not end.
 */
BOOTFERRY_HELPER int bootferry_find_addresses(const struct bootferry_host* host, const char* name,
                                              struct bootferry_addresses* found) {
    const size_t end = offsetof(struct bootferry_host, resolve) + sizeof host->resolve;
    struct bootferry_resolution result;
    int error;
    size_t i;

    found->count = 0;
    found->message[0] = '\0';
    if (host->struct_size < end || host->resolve == NULL)
        return bootferry_ask_resolver(name, found);
    memset(&result, 0, sizeof result);
    result.struct_size = sizeof result;
    error = host->resolve(host->context, name, &result);
    if (error != 0)
        (void)snprintf(found->message, sizeof found->message, "%s",
                       result.message != NULL ? result.message : "resolving a name");
    for (i = 0; error == 0 && i < result.count && i < BOOTFERRY_MOST_ADDRESSES; i++)
        (void)snprintf(found->text[found->count++], BOOTFERRY_LONGEST_ADDRESS, "%s", result.addresses[i]);
    return error;
}

/* The same, and reports a failure to the host: returns 0, or -1 after host->fail. */
BOOTFERRY_HELPER int bootferry_resolve(const struct bootferry_host* host, const char* name,
                                       struct bootferry_addresses* found) {
    const int error = bootferry_find_addresses(host, name, found);

    return error == 0 ? 0 : bootferry_fail(host, (enum bootferry_error)error, 0, "%s", found->message);
}

/* ---- Connections --------------------------------------------------------------------------------------- */

/*
 * Connects over TCP to a numeric address: returns a socket that does not block (SOCK_NONBLOCK) and is closed
 * on exec, which the caller closes; -1 with the errno of the failure, which is ECANCELED if the session is
 * cancelled, and ETIMEDOUT at the deadline. It does not call the host, so that a library's thread may use it.
 */
BOOTFERRY_HELPER int bootferry_connect_address(int cancel_fd, const char* address, uint16_t port,
                                               int64_t deadline) {
    struct addrinfo hints;
    struct addrinfo* found = NULL;
    struct pollfd waiting;
    char service[6];
    int error = 0;
    socklen_t size = sizeof error;

    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    (void)snprintf(service, sizeof service, "%u", (unsigned)port);
    if (getaddrinfo(address, service, &hints, &found) != 0) {
        errno = EADDRNOTAVAIL;
        return -1;
    }
    waiting.fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    waiting.events = POLLOUT;
    waiting.revents = 0;
    if (waiting.fd < 0 || connect(waiting.fd, found->ai_addr, found->ai_addrlen) < 0)
        error = errno;
    freeaddrinfo(found);
    if (error == EINPROGRESS || error == EINTR) {
        const int ready = bootferry_poll(cancel_fd, &waiting, 1, deadline);

        error = ready < 0 ? errno : ETIMEDOUT;
        if (ready > 0 && getsockopt(waiting.fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
            error = errno;
    }
    if (error == 0)
        return waiting.fd;
    if (waiting.fd >= 0)
        (void)close(waiting.fd);
    errno = error;
    return -1;
}

/* For how long the function below waits for one address if there is another, in milliseconds. */
#define BOOTFERRY_ADDRESS_PATIENCE 5000

/*
 * Connects to a host name or address: tries its addresses in turn, the best first, and waits for the last one
 * until the session is cancelled. Returns a socket as above; -1 after host->fail, once: CANCELLED, or what
 * resolving failed with, or UNREACHABLE with the errno of the last address.
 */
BOOTFERRY_HELPER int bootferry_connect(const struct bootferry_host* host, int cancel_fd, const char* name,
                                       uint16_t port) {
    struct bootferry_addresses found;
    size_t i;

    if (bootferry_resolve(host, name, &found) < 0)
        return -1;
    errno = EADDRNOTAVAIL; /* without any address */
    for (i = 0; i < found.count; i++) {
        const int64_t deadline =
            i + 1 < found.count ? bootferry_deadline(BOOTFERRY_ADDRESS_PATIENCE) : BOOTFERRY_NO_DEADLINE;
        const int connected = bootferry_connect_address(cancel_fd, found.text[i], port, deadline);

        if (connected >= 0)
            return connected;
        if (errno == ECANCELED)
            return bootferry_fail(host, BOOTFERRY_ERROR_CANCELLED, 0, "cancelled");
    }
    if (found.count > 1)
        return bootferry_fail(host, BOOTFERRY_ERROR_UNREACHABLE, errno,
                              "connecting to %s, port %u, at %u addresses, of which the last is %s", name,
                              (unsigned)port, (unsigned)found.count, found.text[found.count - 1]);
    return bootferry_fail(host, BOOTFERRY_ERROR_UNREACHABLE, errno, "connecting to %s, port %u", name,
                          (unsigned)port);
}

/* ---- Requests ------------------------------------------------------------------------------------------ */

/* request->raw_url, or request->url with a host that does not pass the former yet. */
BOOTFERRY_HELPER const char* bootferry_raw_url(const struct bootferry_request* request) {
    const size_t end = offsetof(struct bootferry_request, raw_url) + sizeof request->raw_url;

    return request->struct_size >= end && request->raw_url != NULL ? request->raw_url : request->url;
}

#ifdef __cplusplus
}
#endif

/* NOLINTEND(modernize-use-nullptr,modernize-redundant-void-arg,cppcoreguidelines-init-variables) */

#endif /* BOOTFERRY_PLUGIN_HELPERS_H */
