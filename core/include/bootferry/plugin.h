/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bootferry's transport plugin interface, version 1.
 *
 * A plugin delivers the bytes of a URL, nothing else. The host (bootferry-transfer) calls it: open at an
 * offset, read, finish. The host does retries, resuming, checksums, decoding and progress, and writes to the
 * target device. A plugin therefore never retries: it reports a failure once, and the host decides.
 *
 * COMPATIBILITY. A plugin built against any version of this header works with every later host that uses
 * the entry symbol bootferry_plugin_entry. Fields are only ever appended to the structures below; none is
 * moved, removed or given a new meaning. Each structure begins with struct_size, which the side that fills
 * the structure sets to its own sizeof: a field that ends beyond the other side's struct_size does not exist
 * for that side and must not be accessed. An incompatible version would have another entry symbol.
 *
 * THE FILE. A plugin is a shared object in the plugin folder (`pkg-config --variable=plugindir bootferry`).
 * For each scheme it supports, a symlink scheme-SCHEME.so in the same folder points to it; the host follows
 * the symlink and checks that the scheme is in the plugin's list. The plugin links no library of bootferry:
 * all functions it may call are in struct bootferry_host. It must export one symbol, bootferry_plugin_entry.
 *
 * THE CALLS OF A SESSION, in this order:
 *
 *     session_new → set_option* → open → (read | splice | info)* → finish → session_free
 *
 * Each attempt uses a new session. session_free may follow any of the calls; finish is not called if open or
 * read failed. Several sessions may exist at a time, in one thread or in several.
 *
 * THREADS. The host never calls one session from two threads at the same time, but the thread may change.
 * A plugin may start threads of its own, with all signals but SIGSYS blocked; they must end before
 * session_free returns. Host functions may be called from any thread while the session exists.
 *
 * ENVIRONMENT. The process is unprivileged, has no capabilities, runs under no_new_privs and a seccomp
 * filter that allows sockets (AF_INET, AF_INET6, AF_UNIX, and AF_NETLINK for routes), threads, memory, timers
 * and opening files to read. It cannot start programs, create files, open devices or reach other processes;
 * of prctl(2), fcntl(2) and ioctl(2) it can use what libraries commonly do. SIGPIPE is ignored. What signals
 * do, which of them a calling thread blocks, and the locale belong to the host: a call leaves them as they
 * were. A plugin may change errno freely.
 *
 * FAILURE. A callback that fails calls host->fail once and returns -1 (NULL from session_new). No C++
 * exception, signal or longjmp may leave a callback.
 *
 * STRINGS are UTF-8 and NUL-terminated; those for people have no control characters (C0, DEL, C1) and no
 * direction marks. The host copies a string from the plugin before the call returns; a string from the host
 * is valid until the call it was passed to returns, unless stated otherwise.
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

/* The size is not known (yet). */
#define BOOTFERRY_SIZE_UNKNOWN UINT64_MAX

/*
 * The kind of failure. The host alone decides whether to retry: report the actual cause, not the reaction you
 * want. "Final" below means that the host does not retry.
 */
enum bootferry_error {
    BOOTFERRY_ERROR_CANCELLED = 1, /* cancel_fd became readable */
    BOOTFERRY_ERROR_INVALID = 2,   /* the URL, an option's key or its value is wrong; final */
    BOOTFERRY_ERROR_NOT_FOUND =
        3, /* the server answered that there is no such file (HTTP 404, 410, FTP 550); final */
    BOOTFERRY_ERROR_AUTH = 4, /* credentials are missing or refused (HTTP 401, 403, 407, FTP 530); final */
    BOOTFERRY_ERROR_TLS = 5,  /* a certificate or host key was not accepted, no common cipher; final */
    BOOTFERRY_ERROR_UNREACHABLE = 6, /* temporary failure: no route, no resolver, refused, reset, truncated,
                                        HTTP 5xx, 408, 425, 429, server full; retried */
    BOOTFERRY_ERROR_TIMEOUT = 7,     /* a time limit of the plugin itself was exceeded; retried */
    BOOTFERRY_ERROR_PROTOCOL = 8,    /* the peer violated its protocol; retried a few times */
    BOOTFERRY_ERROR_RANGE = 9, /* open: the offset cannot be honoured, or the source no longer matches the
                                  validator; the host starts over at 0 */
    BOOTFERRY_ERROR_IO =
        10, /* something on this machine failed (a key file cannot be read, no memory); final */
    BOOTFERRY_ERROR_INTERNAL = 11 /* a bug in the plugin; final */
};

/* syslog(3) priorities for host->log. */
enum bootferry_log_priority {
    BOOTFERRY_LOG_ERROR = 3,
    BOOTFERRY_LOG_WARNING = 4,
    BOOTFERRY_LOG_INFO = 6,
    BOOTFERRY_LOG_DEBUG = 7
};

/* What host->resolve found. The plugin sets struct_size and zeroes the rest; the host fills it. */
struct bootferry_resolution {
    uint32_t struct_size;
    uint32_t count; /* of addresses */

    /*
     * Numeric addresses, the best first (RFC 6724): "10.0.0.1", "2001:db8::1", "fe80::1%eth0". getaddrinfo(3)
     * with AI_NUMERICHOST converts them without waiting. Valid until the next resolve of this session or
     * session_free.
     */
    const char* const* addresses;

    /* After a failure: why, as a message for host->fail. Valid as long as the addresses. */
    const char* message;
};

/*
 * The host's functions. Passed to session_new; valid until session_free has returned. Pass `context` as the
 * first argument of each function. None of them blocks or fails, except resolve.
 */
struct bootferry_host {
    uint32_t struct_size;
    uint32_t abi_version; /* the host's; BOOTFERRY_ABI_VERSION of its header */
    void* context;

    /* Logs one line to the journal. `message` has no newline and contains no secrets. */
    void (*log)(void* context, int priority, const char* message);

    /*
     * Reports why a call fails. `message` is part of a sentence for a person at the console ("server answered
     * 404 Not Found"); it names what failed and contains no secrets. errno_value is the underlying system
     * error, whose text the host appends, or 0. Calling it twice within one failing call is a bug; the first
     * report counts.
     */
    void (*fail)(void* context, enum bootferry_error code, int errno_value, const char* message);

    /*
     * Sets a few words for the progress display: what the plugin is waiting for or doing ("waiting for the
     * dolly server"). It also restarts the host's stall timeout: call it at least every ten seconds in a wait
     * that is expected to be long, but not to hide a stall.
     */
    void (*status)(void* context, const char* text);

    /*
     * Returns a credential by its name, or NULL. "user" and "password" come from the URL's userinfo or from
     * the administrator; any other NAME is the systemd credential "bootferry.NAME". The string is valid until
     * session_free.
     */
    const char* (*credential)(void* context, const char* name);

    /* Reports for how many seconds the server asked for no retry (HTTP Retry-After). Call before fail. */
    void (*retry_after)(void* context, uint32_t seconds);

    /*
     * For an option whose value names a file (a key, a certificate, a list): returns a path under which this
     * process can read it, because the file itself may be readable only by the user who set the option. Call
     * only in set_option. "~/NAME" is NAME in the home folder of the user who requested the transfer. Returns
     * `path` itself if there is no such regular file of at most 4 MiB, or if the host has no other path; a
     * folder stays readable under its own name. The string is valid until session_free. Appended later: check
     * struct_size.
     */
    const char* (*option_file)(void* context, const char* path);

    /*
     * Resolves a host name, which getaddrinfo(3) does in a wait that nothing can end; this one ends with a
     * cancel. A numeric address resolves to itself, without waiting. Call it in open or later, in one thread
     * at a time. Returns 0, with at least one address; or the code to fail with, after which the plugin calls
     * fail itself, or tries another name: CANCELLED; UNREACHABLE, which includes a name that does not exist,
     * since a resolver that is not ready yet answers the same; INVALID for an empty name; IO. Appended later:
     * check struct_size.
     */
    int (*resolve)(void* context, const char* name, struct bootferry_resolution* result);
};

/*
 * request.flags: the URL is on another server than the requested URL (that of a mirror or a checksum list).
 * Options that log in or identify (a name, a password, a header, a cookie) belong to the requested URL's
 * server and must not be sent to this one. host->credential already returns the credentials of this server.
 */
#define BOOTFERRY_REQUEST_ELSEWHERE (1u << 0)

/* What to open. Filled by the host; valid until open returns, except cancel_fd. */
struct bootferry_request {
    uint32_t struct_size;
    uint32_t flags; /* BOOTFERRY_REQUEST_...; ignore unknown ones */

    /*
     * RFC 3986, with the scheme and the host in lower case, a "/" before a query that follows the host, and
     * without a fragment and userinfo: use host->credential. The path and the query are as they were written,
     * with "//", "/../" and "%7e"; they may be missing.
     */
    const char* url;

    /* Position in the resource, counted from 0, of the first byte that read() delivers. */
    uint64_t offset;

    /*
     * How many bytes the host wants, or BOOTFERRY_SIZE_UNKNOWN for all up to the end. A plugin may deliver
     * more. If it stops after `length` bytes, it does so as at the end of the resource.
     */
    uint64_t length;

    /*
     * With offset > 0, the validator that info() of an earlier session returned, if any; else NULL. If the
     * source has another validator now, open fails with RANGE: bytes of two versions must never be mixed.
     */
    const char* validator;

    /*
     * Becomes readable (POLLIN) when this session is cancelled. Poll it together with your sockets in every
     * wait; never read from it or close it. A running call then fails with CANCELLED within a second. Valid
     * until session_free.
     */
    int cancel_fd;

    /*
     * The URL as it was written, without userinfo: for a protocol in whose names the case of the host counts,
     * or that gives a meaning to what follows '#'. `url` is its normalised form; the rest of the two is the
     * same. Appended later: check struct_size.
     */
    const char* raw_url;
};

/* info.flags: this source can be opened at an offset > 0. */
#define BOOTFERRY_INFO_RESUMABLE (1u << 0)
/* info.flags: from now on, splice() can be called instead of read(). */
#define BOOTFERRY_INFO_SPLICEABLE (1u << 1)
/*
 * info.flags: parts of the resource (offset and length) can be requested over several connections at a time,
 * and each further part costs little more than a round trip. The host may then open several sessions at once,
 * each for a part, and frees them without calling finish.
 */
#define BOOTFERRY_INFO_RANGES (1u << 2)
/*
 * info.flags: an answer does not show at which offset its bytes begin (FTP: some servers acknowledge REST and
 * send the file from its start). The host then compares bytes whenever it continues at an offset, although
 * the validator is the same.
 */
#define BOOTFERRY_INFO_OFFSET_NOT_SHOWN (1u << 3)
/*
 * info.flags: the validator changes whenever the bytes change (HTTP's strong ETag, a digest). A time and a
 * size do not: both may be the same for other bytes. Without this flag the host compares up to 64 KiB before
 * each offset at which it continues, and does not request parts over several connections; with it, it
 * compares only after an answer that ended early. Set it only if this answer contains the validator. Appended
 * later: a host that does not know it compares nothing if the validator is the same.
 */
#define BOOTFERRY_INFO_STRONG_VALIDATOR (1u << 4)

/*
 * What the plugin knows about the source so far. The host sets struct_size and zeroes the rest; the plugin
 * fills the fields that both sides know. The host may call info at any time after open, from the session's
 * thread, and the result may change: a size that is unknown at first may be known later.
 */
struct bootferry_info {
    uint32_t struct_size;
    uint32_t flags;

    /* Size of the whole resource in bytes (not counted from the offset), or BOOTFERRY_SIZE_UNKNOWN. */
    uint64_t size;

    /*
     * A string that changes when the bytes of the resource change, as far as the server knows, and never
     * otherwise (HTTP's strong ETag or Last-Modified, FTP's MDTM and size), or NULL. At an offset, NULL also
     * if this answer does not contain it. At most 1023 bytes. Owned by the plugin; valid until the next call
     * on the session.
     */
    const char* validator;

    /*
     * The URL that the bytes come from if the server redirected the session (HTTP), or NULL. It is only
     * shown to users, without userinfo and query. At most 2047 bytes. Owned by the plugin; valid until the
     * next call on the session. Appended later: check struct_size.
     */
    const char* location;

    /*
     * The time of the last change of the resource, in seconds since 1970-01-01 00:00 UTC; 0 if it is not
     * known. A fetched file gets this time. Appended later: check struct_size.
     */
    int64_t modified;
};

/* One option of a plugin; an array of them ends with key == NULL. */
struct bootferry_option {
    const char* key; /* lower case, digits, '-', '.' */
    const char*
        help; /* one line, with the unit and the default; starts with "FLAG: " if the option takes no value */
};

/* needs: connections to Unix sockets, by the name of their file or an abstract name. */
#define BOOTFERRY_NEEDS_UNIX_SOCKETS (1u << 0)
/* needs: connections that others open to this machine (listen, accept). */
#define BOOTFERRY_NEEDS_LISTENING (1u << 1)

/* finish: whether the bytes were used. */
enum bootferry_outcome {
    BOOTFERRY_OUTCOME_COMMITTED = 0, /* verified and safe on the target; peers may be notified */
    BOOTFERRY_OUTCOME_DISCARDED = 1  /* discarded, or writing to the target failed */
};

struct bootferry_session; /* defined by the plugin; the host only holds pointers to it */

/*
 * The plugin's table: static, constant, valid as long as the module is loaded. All pointers up to
 * session_free must be set; later ones may be NULL.
 */
struct bootferry_plugin {
    uint32_t struct_size;
    uint32_t abi_version; /* BOOTFERRY_ABI_VERSION of the header it was built with */

    const char* name;    /* as in `rd.bootferry.option=NAME:KEY=VALUE`; equals the file's name without .so */
    const char* version; /* the plugin's own version, shown to users */
    const char* const* schemes;             /* lower case, ends with NULL, e.g. {"http", "https", NULL} */
    const struct bootferry_option* options; /* ends with key == NULL; never NULL itself */

    /* Creates a session; NULL after host->fail. Does not block and opens no connection. */
    struct bootferry_session* (*session_new)(const struct bootferry_host* host);

    /*
     * Sets one option, before open. `value` is "" if none was given. Returns 0, or -1 after fail(INVALID) if
     * the key is unknown or the value is invalid or not supported: never ignore an unknown option. If a key
     * is set again, list options append the value, others replace it.
     */
    int (*set_option)(struct bootferry_session* session, const char* key, const char* value);

    /*
     * Connects, and returns once it is certain that the bytes will begin at request->offset. Blocks, polling
     * cancel_fd. Returns 0, or -1 after fail. An offset equal to the size is valid: read then returns 0. An
     * offset that cannot be honoured fails with RANGE; never deliver bytes from another position.
     */
    int (*open)(struct bootferry_session* session, const struct bootferry_request* request);

    /* Fills info; see struct bootferry_info. Does not block. Returns 0, or -1 after fail. */
    int (*info)(struct bootferry_session* session, struct bootferry_info* info);

    /*
     * Reads the next 1 to len bytes and returns their number; 0 at the end of the resource and in every later
     * call; -1 after fail. len is at least 1. Blocks until there is at least one byte, polling cancel_fd. If
     * the body ends before the announced size, fail with UNREACHABLE instead of returning 0.
     */
    ssize_t (*read)(struct bootferry_session* session, void* buffer, size_t len);

    /*
     * Called once, after read returned 0 or the host has all the bytes it wanted, when the outcome is known.
     * A protocol with acknowledgements sends one here if the outcome is COMMITTED. If that takes longer, it
     * calls host->status at least every ten seconds: a process that is silent for 20 s is taken to hang, and
     * ended. Returns 0, or -1 after fail.
     */
    int (*finish)(struct bootferry_session* session, enum bootferry_outcome outcome);

    /* Frees the session with its descriptors, threads and memory. Does not wait for the network. */
    void (*session_free)(struct bootferry_session* session);

    /*
     * Like read, but moves the bytes into a pipe (splice(2)): for bytes that come unchanged from a socket.
     * Called only after info has returned BOOTFERRY_INFO_SPLICEABLE; the host may alternate it with read. The
     * pipe is empty when the call begins, and may take less than len: one page (4 KiB) at least, usually 64
     * KiB or more; after a failure it is empty again. pipe_fd blocks when it is full (no O_NONBLOCK), and
     * nobody reads it before the call returns: pass SPLICE_F_NONBLOCK. Waits for the server poll cancel_fd,
     * as in read.
     */
    ssize_t (*splice)(struct bootferry_session* session, int pipe_fd, size_t len);

    /*
     * What a transfer with the option `key` needs besides connections to servers over IP: BOOTFERRY_NEEDS_...
     * combined; with "" as the key, what every transfer needs. The sandbox refuses the rest. NULL: nothing
     * more. Appended later: a plugin whose struct_size is smaller gets all of it.
     */
    uint32_t (*needs)(const char* key);
};

/*
 * The entry point. Returns the table, or NULL if the plugin cannot work on this system. Called once per
 * process, before any other function, from the thread that loaded the module.
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
