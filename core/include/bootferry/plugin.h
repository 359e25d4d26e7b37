/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bootferry's transport plugin interface, version 1.
 *
 * A plugin brings the bytes behind a URL, nothing else. The host (bootferry-transfer) pulls, the plugin
 * answers: open at an offset, read, finish. Retry, resume, checksums, decoding, progress and the target
 * device are the host's. A plugin therefore never loops over attempts: it reports one failure, once, and the
 * host decides.
 *
 * THE PROMISE. A plugin built against any version of this header goes on working with every later host that
 * knows the entry symbol bootferry_plugin_entry. Fields are only ever appended to the structures below; none
 * is moved, removed or given a new meaning. Each structure begins with struct_size, set by the side that
 * filled it to its own sizeof: a field that ends beyond the other side's struct_size does not exist for that
 * side and must not be touched. If the promise ever has to be broken, the entry symbol changes its name.
 *
 * THE FILE. A plugin is a shared object in the plugin folder (`pkg-config --variable=plugindir bootferry`).
 * For each scheme it serves a link scheme-SCHEME.so beside it points to it; the host follows that link and
 * checks that the scheme is in the plugin's list. Nothing has to be linked: all the plugin may call comes in
 * struct bootferry_host. The only symbol it must export is bootferry_plugin_entry.
 *
 * THE LIFE OF A SESSION.
 *
 *     session_new → set_option* → open → (read | splice | info)* → finish → session_free
 *
 * Each attempt is a session of its own; session_free may follow any of the calls, finish is left out where
 * open or read failed. Several sessions may exist at a time, in one thread or in several.
 *
 * THREADS. One session is called from one thread at a time, not always the same one. A plugin may start
 * threads of its own, with all signals blocked; they end before session_free returns. Host functions may be
 * called from any of them while the session exists.
 *
 * SURROUNDINGS. The process is unprivileged, has no capabilities, runs under no_new_privs and a seccomp
 * filter that allows sockets (AF_INET, AF_INET6, AF_UNIX, AF_NETLINK), threads, memory, timers and opening
 * files to read. It cannot start programs, create files or open devices. SIGPIPE is ignored. errno may be
 * changed freely.
 *
 * FAILURE. A callback that fails calls host->fail once and returns -1 (NULL from session_new). No C++
 * exception, signal or longjmp crosses the border.
 *
 * STRINGS are UTF-8 and NUL-terminated. What the plugin passes in is copied by the host before the call
 * returns; what the host passes in stays valid until the call it was passed to returns, unless said
 * otherwise.
 */
#ifndef BOOTFERRY_PLUGIN_H
#define BOOTFERRY_PLUGIN_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BOOTFERRY_ABI_VERSION 1u

/* A size that is not known (yet). */
#define BOOTFERRY_SIZE_UNKNOWN UINT64_MAX

/*
 * What went wrong. The host alone decides what is tried again; choose what is true, not what you want to
 * happen.
 */
enum bootferry_error {
    BOOTFERRY_ERROR_CANCELLED = 1, /* cancel_fd became readable */
    BOOTFERRY_ERROR_INVALID = 2,   /* the URL, an option's key or its value is wrong; final */
    BOOTFERRY_ERROR_NOT_FOUND =
        3, /* the server answered: there is no such thing (HTTP 404, 410, FTP 550); final */
    BOOTFERRY_ERROR_AUTH = 4, /* credentials are missing or refused (HTTP 401, 403, 407, FTP 530); final */
    BOOTFERRY_ERROR_TLS = 5,  /* a certificate or host key was not accepted, no common cipher; final */
    BOOTFERRY_ERROR_UNREACHABLE = 6, /* now it cannot be served: no route, no resolver, refused, reset, cut
                                        short, HTTP 5xx, 408, 425, 429, server full. Tried again */
    BOOTFERRY_ERROR_TIMEOUT = 7,     /* a time limit of the plugin's own passed. Tried again */
    BOOTFERRY_ERROR_PROTOCOL = 8, /* the peer said something its protocol does not allow. Tried a few times */
    BOOTFERRY_ERROR_RANGE = 9,    /* open: the offset cannot be honoured, or the source no longer matches the
                                     validator. The host starts over at 0 */
    BOOTFERRY_ERROR_IO =
        10, /* something on this machine failed (a key file cannot be read, no memory); final */
    BOOTFERRY_ERROR_INTERNAL = 11 /* a defect: this cannot happen; final */
};

/* syslog(3) priorities for host->log. */
enum bootferry_log_priority {
    BOOTFERRY_LOG_ERROR = 3,
    BOOTFERRY_LOG_WARNING = 4,
    BOOTFERRY_LOG_INFO = 6,
    BOOTFERRY_LOG_DEBUG = 7
};

/*
 * What the host offers. Handed to session_new; valid, with everything in it, until session_free has returned.
 * `context` is passed back as the first argument of each function. No function here blocks or fails.
 */
struct bootferry_host {
    uint32_t struct_size;
    uint32_t abi_version; /* the host's; BOOTFERRY_ABI_VERSION of its header */
    void* context;

    /* One line for the journal, without a newline. Never a secret. */
    void (*log)(void* context, int priority, const char* message);

    /*
     * The one report of a failing call: why, for a person at the console, as part of a sentence, naming what
     * was tried but without secrets ("server answered 404 Not Found"). errno_value: the system's error behind
     * it, or 0; the host appends its text. A second call within the same failing call is a defect; the first
     * one counts.
     */
    void (*fail)(void* context, enum bootferry_error code, int errno_value, const char* message);

    /*
     * What the plugin is waiting for or doing, a few words for the progress display ("waiting for the dolly
     * server"). It also says "I am alive": the host's stall clock starts anew. Call it at least every ten
     * seconds in a wait that is meant to be long; do not call it to hide a stall.
     */
    void (*status)(void* context, const char* text);

    /*
     * A secret by its name, or NULL. "user" and "password" are what the URL's userinfo or the administrator
     * gave; every other name NAME is the systemd credential "bootferry.NAME". The text stays valid until
     * session_free.
     */
    const char* (*credential)(void* context, const char* name);

    /* The server asked not to be tried again for so many seconds (HTTP Retry-After). Call it before fail. */
    void (*retry_after)(void* context, uint32_t seconds);

    /*
     * For an option whose value names a file (a key, a certificate, a list): another name for it under which
     * this process can open it to read. The file itself may be readable for those alone who gave the option.
     * Only in set_option. "~/NAME" is NAME in the home folder of whoever asked for the transfer. Where there
     * is no such regular file of at most 4 MiB, or where the host has nothing better, `path` itself is
     * returned. The text stays valid until session_free. Appended: see struct_size.
     */
    const char* (*option_file)(void* context, const char* path);
};

/*
 * request.flags: the URL is on another server than the one that was asked for (a mirror's, a checksum
 * list's). Options that log in or identify (a name, a password, a header, a cookie) were given for that one
 * and must not reach this. Credentials are this server's own already.
 */
#define BOOTFERRY_REQUEST_ELSEWHERE (1u << 0)

/* What is to be opened. Filled by the host; valid until open returns, but for cancel_fd. */
struct bootferry_request {
    uint32_t struct_size;
    uint32_t flags; /* BOOTFERRY_REQUEST_...; ignore those you do not know */

    /* RFC 3986, normalised, with the scheme in lower case. Never holds userinfo: ask credential(). */
    const char* url;

    /* Where the first byte that read() delivers lies in the resource, counted from 0. */
    uint64_t offset;

    /*
     * How many bytes are wanted at most, or BOOTFERRY_SIZE_UNKNOWN: to the end. More may be delivered; where
     * they are not, they end as the resource does.
     */
    uint64_t length;

    /*
     * Only with offset > 0, else NULL: the validator an earlier session's info() gave. Where the source tells
     * another one now, open fails with RANGE: bytes of two versions must never be put together.
     */
    const char* validator;

    /*
     * Readable (POLLIN) as soon as this session is to give up. Poll it beside your sockets in every wait;
     * never read from it, never close it. A call under way when it becomes readable returns within a second,
     * with CANCELLED. Valid until session_free.
     */
    int cancel_fd;
};

/* info.flags: open at an offset > 0 can work for this source. */
#define BOOTFERRY_INFO_RESUMABLE (1u << 0)
/* info.flags: from now on splice() can be called in place of read(). */
#define BOOTFERRY_INFO_SPLICEABLE (1u << 1)
/*
 * info.flags: the server can be asked for parts of the resource (offset and length) over several connections
 * at a time, and another part over a connection costs little more than a round trip. The host may then have
 * several sessions at once, each for a part, and frees them without finish.
 */
#define BOOTFERRY_INFO_RANGES (1u << 2)

/*
 * What the plugin knows of the source by now. The host sets struct_size and zeroes the rest; the plugin fills
 * the fields that exist for both. May be asked at any time after open, from the session's thread, and may
 * change: a size that is unknown at first may be known later.
 */
struct bootferry_info {
    uint32_t struct_size;
    uint32_t flags;

    /* Size of the whole resource in bytes (not of what is left behind the offset), or BOOTFERRY_SIZE_UNKNOWN.
     */
    uint64_t size;

    /*
     * A text that is equal exactly while the resource's bytes are (HTTP's strong ETag or Last-Modified, FTP's
     * MDTM and size), or NULL. At most 1023 bytes. Owned by the plugin; valid until the next call on the
     * session.
     */
    const char* validator;
};

/* One option a plugin understands; an array of them ends with key == NULL. */
struct bootferry_option {
    const char* key; /* lower case, digits, '-', '.' */
    const char*
        help; /* one line; say the unit and the default; starts with "FLAG: " where it takes no value */
};

/* finish: what became of the bytes. */
enum bootferry_outcome {
    BOOTFERRY_OUTCOME_COMMITTED = 0, /* they are safe on the target and verified; peers may be told */
    BOOTFERRY_OUTCOME_DISCARDED = 1  /* they were not wanted after all, or the target failed */
};

struct bootferry_session; /* the plugin's own; the host only carries pointers to it */

/*
 * The plugin's table. Static, constant, valid as long as the module is loaded. All pointers up to
 * session_free must be set; those behind it may be NULL.
 */
struct bootferry_plugin {
    uint32_t struct_size;
    uint32_t abi_version; /* BOOTFERRY_ABI_VERSION of the header it was built with */

    const char* name;    /* as in `rd.bootferry.option=NAME:KEY=VALUE`; equals the file's name without .so */
    const char* version; /* the plugin's own, for people */
    const char* const* schemes;             /* lower case, ends with NULL, e.g. {"http", "https", NULL} */
    const struct bootferry_option* options; /* ends with key == NULL; never NULL itself */

    /* A new session, or NULL after host->fail. Does not block and opens no connection. */
    struct bootferry_session* (*session_new)(const struct bootferry_host* host);

    /*
     * Sets one option, before open. Value is "" where none was given. 0, or -1 after fail(INVALID): an
     * unknown key, a value that does not parse, or one that cannot be honoured. Never ignore what you do not
     * understand. The same key may come again: options that are lists gather, others take the last.
     */
    int (*set_option)(struct bootferry_session* session, const char* key, const char* value);

    /*
     * Connects and gets as far as knowing that bytes will come from request->offset on. Blocks, watching
     * cancel_fd. 0, or -1 after fail. An offset at the very end of the resource is honoured: read then
     * delivers 0. An offset that cannot be honoured is RANGE; bytes from another place are never delivered.
     */
    int (*open)(struct bootferry_session* session, const struct bootferry_request* request);

    /* Fills info; see struct bootferry_info. Does not block. 0, or -1 after fail. */
    int (*info)(struct bootferry_session* session, struct bootferry_info* info);

    /*
     * Delivers the next 1…len bytes; 0 at the end of the resource, and again 0 whenever asked thereafter; -1
     * after fail. len is at least 1. Blocks until there is at least one byte, watching cancel_fd. A body that
     * ends before the announced size is UNREACHABLE (cut short), not an end.
     */
    ssize_t (*read)(struct bootferry_session* session, void* buffer, size_t len);

    /*
     * Called once, after read delivered 0 or what was wanted, and after the host knows what became of the
     * bytes. With COMMITTED a protocol that acknowledges does so here. 0, or -1 after fail.
     */
    int (*finish)(struct bootferry_session* session, enum bootferry_outcome outcome);

    /* Ends the session and releases everything: descriptors, threads, memory. Does not wait for the network.
     */
    void (*session_free)(struct bootferry_session* session);

    /*
     * As read, but the bytes go into a pipe (splice(2)): for bytes that the plugin would only hand through,
     * from a socket as they are. Called only after info has told BOOTFERRY_INFO_SPLICEABLE, in turn with read
     * as the host likes. The pipe is empty, and may take less than len; on failure it is empty again.
     */
    ssize_t (*splice)(struct bootferry_session* session, int pipe_fd, size_t len);
};

/*
 * The entry. Returns the table, or NULL where the plugin cannot work here at all. Called once per process,
 * before anything else, from the thread that loaded the module.
 */
#if defined(__GNUC__)
__attribute__((visibility("default")))
#endif
const struct bootferry_plugin*
bootferry_plugin_entry(void);

#ifdef __cplusplus
}
#endif

#endif /* BOOTFERRY_PLUGIN_H */
