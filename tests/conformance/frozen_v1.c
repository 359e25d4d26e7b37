/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A plugin as it was built in the days of version 1. It includes nothing of today's tree: every field is
 * found and laid down by its offset, as in a module that was compiled long ago. frozen://HOST/SIZE delivers
 * SIZE bytes, the one at position p being p mod 251. While the host loads and drives it, the promise holds.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#define FROZEN_SIZE_OF_PLUGIN 96u
#define FROZEN_SIZE_OF_HOST 56u
#define FROZEN_SIZE_OF_REQUEST 48u
#define FROZEN_SIZE_OF_INFO 24u
#define FROZEN_INVALID 2
#define FROZEN_RANGE 9
#define FROZEN_RESUMABLE 1u

struct session {
    const unsigned char* host;
    uint64_t size, position;
};

typedef void (*fail_function)(void*, int, int, const char*);

static uint32_t number_at(const void* structure, size_t offset) {
    uint32_t value;

    memcpy(&value, (const unsigned char*)structure + offset, sizeof value);
    return value;
}

static uint64_t large_number_at(const void* structure, size_t offset) {
    uint64_t value;

    memcpy(&value, (const unsigned char*)structure + offset, sizeof value);
    return value;
}

static void* pointer_at(const void* structure, size_t offset) {
    void* value;

    memcpy(&value, (const unsigned char*)structure + offset, sizeof value);
    return value;
}

static int fail(const struct session* session, int code, const char* message) {
    fail_function host_fail;

    memcpy(&host_fail, session->host + 24, sizeof host_fail);
    host_fail(pointer_at(session->host, 8), code, 0, message);
    return -1;
}

static struct session* session_new(const void* host) {
    struct session* session = calloc(1, sizeof *session);

    if (session == NULL || number_at(host, 0) < FROZEN_SIZE_OF_HOST || number_at(host, 4) < 1)
        abort();
    session->host = host;
    return session;
}

static int set_option(struct session* session, const char* key, const char* value) {
    if (strcmp(key, "colour") == 0 && strcmp(value, "green") == 0)
        return 0;
    return fail(session, FROZEN_INVALID, "there is the option colour=green alone");
}

static int open_source(struct session* session, const void* request) {
    const char* url = pointer_at(request, 8);
    const char* validator = pointer_at(request, 32);

    if (number_at(request, 0) < FROZEN_SIZE_OF_REQUEST)
        abort();
    session->size = strtoull(strrchr(url, '/') + 1, NULL, 10);
    session->position = large_number_at(request, 16);
    if (session->position > session->size || (validator != NULL && strcmp(validator, "frozen") != 0))
        return fail(session, FROZEN_RANGE, "it is not what it was");
    return 0;
}

static int info(struct session* session, void* told) {
    const char* validator = "frozen";
    const uint32_t flags = FROZEN_RESUMABLE;

    if (number_at(told, 0) < FROZEN_SIZE_OF_INFO)
        abort();
    memcpy((unsigned char*)told + 4, &flags, sizeof flags);
    memcpy((unsigned char*)told + 8, &session->size, sizeof session->size);
    memcpy((unsigned char*)told + 16, &validator, sizeof validator);
    return 0;
}

static ssize_t read_bytes(struct session* session, void* buffer, size_t length) {
    unsigned char* bytes = buffer;
    size_t count = 0;

    for (; count < length && session->position < session->size; count++)
        bytes[count] = (unsigned char)(session->position++ % 251);
    return (ssize_t)count;
}

static int finish(struct session* session, int outcome) {
    (void)session;
    (void)outcome;
    return 0;
}

static void session_free(struct session* session) {
    free(session);
}

static unsigned char table[FROZEN_SIZE_OF_PLUGIN];

#define LAY(offset, type, value)                                                                             \
    do {                                                                                                     \
        type laid = (value);                                                                                 \
        memcpy(table + (offset), &laid, sizeof laid);                                                        \
    } while (0)

const void* bootferry_plugin_entry(void);

__attribute__((visibility("default"))) const void* bootferry_plugin_entry(void) {
    static const char* const schemes[] = {"frozen", NULL};
    static const char* const options[][2] = {{"colour", "green, the default"}, {NULL, NULL}};

    LAY(0, uint32_t, FROZEN_SIZE_OF_PLUGIN);
    LAY(4, uint32_t, 1);
    LAY(8, const char*, "frozen");
    LAY(16, const char*, "1");
    LAY(24, const void*, schemes);
    LAY(32, const void*, options);
    typedef struct session* (*new_function)(const void*);
    typedef int (*option_function)(struct session*, const char*, const char*);
    typedef int (*open_function)(struct session*, const void*);
    typedef int (*info_function)(struct session*, void*);
    typedef ssize_t (*read_function)(struct session*, void*, size_t);
    typedef int (*finish_function)(struct session*, int);
    typedef void (*free_function)(struct session*);
    LAY(40, new_function, session_new);
    LAY(48, option_function, set_option);
    LAY(56, open_function, open_source);
    LAY(64, info_function, info);
    LAY(72, read_function, read_bytes);
    LAY(80, finish_function, finish);
    LAY(88, free_function, session_free);
    return table;
}
