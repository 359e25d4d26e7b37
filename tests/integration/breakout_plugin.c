/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A hostile plugin. Inside the real worker it makes system calls that must be refused, and reports their
 * results. break_out_test.py compares them with the table in docs/security.md.
 *
 * Every attempt is harmless if it succeeds: signals have number 0, limits and masks keep their values, new
 * processes exit at once. breakout://x/attempts reports the results and fails; each of the other paths is a
 * single attempt that ends the worker.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <netinet/in.h>

#include "bootferry/plugin.h"

struct bootferry_session {
    const struct bootferry_host* host;
    char secret[512];   /* a file that only its owner may read */
    char public[512];   /* a file that everyone may read */
    char device[512];   /* a block device */
    char socket[108];   /* a listening AF_UNIX socket that everyone may connect to */
    char abstract[107]; /* one without a file */
    char folder[80];    /* a folder that everyone may write to */
    long other;         /* the number of another worker */
};

/* Each attempt returns a negative number and sets errno if the kernel refused. */
typedef long (*attempt_function)(const struct bootferry_session* session);

#define ATTEMPT(name, expression)                                                                            \
    static long name(const struct bootferry_session* given) {                                                \
        (void)given;                                                                                         \
        return (long)(expression);                                                                           \
    }

/* For calls that the filter must refuse: any other error shows that the call passed the filter. */
static long through(long result) {
    return result >= 0 || (errno != EPERM && errno != ENOSYS) ? 0 : -1;
}

/* Closes what an attempt opened. */
static long opened(long fd) {
    if (fd >= 0)
        close((int)fd);
    return fd;
}

static long open_of(long process, const char* file, int flags) {
    char path[64];

    snprintf(path, sizeof path, "/proc/%ld/%s", process, file);
    return opened(open(path, flags | O_CLOEXEC));
}

/* Files. */
ATTEMPT(open_secret, opened(open(given->secret, O_RDONLY | O_CLOEXEC)))
ATTEMPT(open_public, opened(open(given->public, O_RDONLY | O_CLOEXEC)))

/* By other names than its own. */
static long open_by_other_name(const char* format, const void* value) {
    char path[600];

    snprintf(path, sizeof path, format, value);
    return opened(open(path, O_RDONLY | O_CLOEXEC));
}

ATTEMPT(open_by_dots, open_by_other_name("/etc/..%s", given->public))
ATTEMPT(open_by_root, open_by_other_name("/proc/self/root%s", given->public))

static long reopen_path(const struct bootferry_session* given) {
    char path[64];
    int fd = open(given->public, O_PATH | O_CLOEXEC);
    long result;

    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    result = opened(open(path, O_RDONLY | O_CLOEXEC));
    if (fd >= 0) {
        int error = errno;

        close(fd);
        errno = error;
    }
    return result;
}

ATTEMPT(look_at_file, stat(given->public, &(struct stat){0}))
ATTEMPT(list_folder, opened(open(given->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)))
ATTEMPT(list_libraries, opened(open("/usr/lib", O_RDONLY | O_DIRECTORY | O_CLOEXEC)))
ATTEMPT(open_status, opened(open("/proc/self/status", O_RDONLY | O_CLOEXEC)))
ATTEMPT(open_shadow, opened(open("/etc/shadow", O_RDONLY | O_CLOEXEC)))
ATTEMPT(list_root, opened(open("/root", O_RDONLY | O_DIRECTORY | O_CLOEXEC)))
ATTEMPT(open_passwd, opened(open("/etc/passwd", O_RDONLY | O_CLOEXEC)))
ATTEMPT(open_command_line, opened(open("/proc/cmdline", O_RDONLY | O_CLOEXEC)))
ATTEMPT(create_file, opened(open("/tmp/bootferry-break-out", O_WRONLY | O_CREAT | O_CLOEXEC, 0600)))
ATTEMPT(create_unnamed, opened(open("/tmp", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600)))
ATTEMPT(open_to_write, opened(open("/dev/null", O_WRONLY | O_CLOEXEC)))
ATTEMPT(reopen_to_write, opened(open("/proc/self/fd/1", O_WRONLY | O_CLOEXEC)))
ATTEMPT(open_device, opened(open(given->device, O_RDONLY | O_CLOEXEC)))
ATTEMPT(open_memory_device, opened(open("/dev/mem", O_RDONLY | O_CLOEXEC)))
ATTEMPT(make_folder, through(syscall(SYS_mkdirat, AT_FDCWD, "/tmp/bootferry-break-out", 0700)))
ATTEMPT(make_link, through(syscall(SYS_symlinkat, "x", AT_FDCWD, "/tmp/bootferry-break-out")))
ATTEMPT(make_node, through(syscall(SYS_mknodat, AT_FDCWD, "/tmp/bootferry-break-out", 0600, 0)))
ATTEMPT(remove_file, through(syscall(SYS_unlinkat, AT_FDCWD, "/tmp/bootferry-break-out", 0)))
ATTEMPT(rename_file, through(syscall(SYS_renameat2, AT_FDCWD, "/tmp/bootferry-break-out", AT_FDCWD,
                                     "/tmp/bootferry-break-out", 0)))
ATTEMPT(change_mode, through(syscall(SYS_fchmodat, AT_FDCWD, "/tmp", 01777)))
ATTEMPT(truncate_file, through(syscall(SYS_truncate, "/tmp/bootferry-break-out", 0L)))
ATTEMPT(make_memory_file, through(opened(syscall(SYS_memfd_create, "x", 0))))
ATTEMPT(open_by_handle, through(opened(syscall(SYS_open_by_handle_at, AT_FDCWD, NULL, O_RDONLY))))
ATTEMPT(open_in_a_new_way, through(opened(syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", NULL, 0))))

static long watch_folder(const struct bootferry_session* given) {
    int fd = inotify_init1(IN_CLOEXEC);
    long watch = fd < 0 ? -1 : inotify_add_watch(fd, "/tmp", IN_CREATE);

    (void)given;
    if (fd >= 0)
        close(fd);
    return watch;
}

/* Other processes. */
ATTEMPT(parent_memory, open_of(getppid(), "mem", O_RDONLY))
ATTEMPT(parent_environment, open_of(getppid(), "environ", O_RDONLY))
ATTEMPT(parent_words, open_of(getppid(), "cmdline", O_RDONLY))
ATTEMPT(other_memory, open_of(given->other, "mem", O_RDONLY))
ATTEMPT(other_environment, open_of(given->other, "environ", O_RDONLY))
ATTEMPT(other_descriptors, open_of(given->other, "fd", O_RDONLY | O_DIRECTORY))
ATTEMPT(init_memory, open_of(1, "mem", O_RDONLY))
ATTEMPT(own_memory, open_of(getpid(), "mem", O_RDWR))
ATTEMPT(trace_parent, through(syscall(SYS_ptrace, 0x4206 /* PTRACE_SEIZE */, getppid(), NULL, NULL)))
ATTEMPT(read_parent, through(syscall(SYS_process_vm_readv, getppid(), NULL, 0UL, NULL, 0UL, 0UL)))
ATTEMPT(hold_parent, through(opened(syscall(SYS_pidfd_open, getppid(), 0))))
ATTEMPT(signal_parent, through(syscall(SYS_kill, getppid(), 0)))
ATTEMPT(signal_other, through(syscall(SYS_kill, given->other, 0)))
ATTEMPT(signal_parent_thread, through(syscall(SYS_tgkill, getppid(), getppid(), 0)))
ATTEMPT(signal_other_thread, through(syscall(SYS_tgkill, given->other, given->other, 0)))
ATTEMPT(signal_own_thread, syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), 0))
ATTEMPT(limit_other, through(syscall(SYS_prlimit64, given->other, 7 /* RLIMIT_NOFILE */, NULL,
                                     &(struct { long a, b; }){0, 0})))
ATTEMPT(slow_other, through(syscall(SYS_setpriority, 0, given->other, 0)))

static long bind_other(const struct bootferry_session* given) {
    cpu_set_t set;

    if (sched_getaffinity((pid_t)given->other, sizeof set, &set) < 0)
        return -1;
    return syscall(SYS_sched_setaffinity, given->other, sizeof set, &set);
}

/* Makes the kernel send signals to the other process. */
static long own_with_fcntl(const struct bootferry_session* given) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    long result = fcntl(fd, F_SETOWN, (int)given->other);

    close(fd);
    return result;
}

static long own_with_ioctl(const struct bootferry_session* given) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int owner = (int)given->other;
    long result = ioctl(fd, 0x8901 /* FIOSETOWN */, &owner);

    close(fd);
    return result;
}

ATTEMPT(choose_signal, through(fcntl(STDOUT_FILENO, F_SETSIG, 0)))

/* Processes, users and namespaces. */
static long start_process(const struct bootferry_session* given) {
    long child = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);

    (void)given;
    if (child == 0)
        _exit(0);
    return child;
}

ATTEMPT(start_in_a_new_way, through(syscall(SYS_clone3, NULL, 0UL)))
ATTEMPT(start_like_vfork,
        through(syscall(SYS_clone, CLONE_VM | SIGCHLD | CLONE_NEWUSER, NULL, NULL, NULL, NULL)))
ATTEMPT(execute, through(syscall(SYS_execve, "/nothing", NULL, NULL)))
ATTEMPT(become_root, through(syscall(SYS_setuid, 0)))
ATTEMPT(become_group_root, through(syscall(SYS_setgid, 0)))
ATTEMPT(join_groups, through(syscall(SYS_setgroups, 0UL, NULL)))
ATTEMPT(take_capabilities,
        through(syscall(SYS_capset, &(struct __user_cap_header_struct){_LINUX_CAPABILITY_VERSION_3, 0},
                        &(struct __user_cap_data_struct[2]){{1u << CAP_SYS_ADMIN, 1u << CAP_SYS_ADMIN, 0},
                                                            {0, 0, 0}})))
ATTEMPT(be_inspected, through(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)))
ATTEMPT(be_traced, through(prctl(PR_SET_PTRACER, -1, 0, 0, 0)))
ATTEMPT(outlive, through(prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0)))
ATTEMPT(name_itself, prctl(PR_SET_NAME, "break-out", 0, 0, 0))
ATTEMPT(new_session, through(syscall(SYS_setsid)))
ATTEMPT(new_namespace, through(syscall(SYS_unshare, CLONE_NEWUSER)))
ATTEMPT(join_namespace, through(syscall(SYS_setns, 0, 0)))
ATTEMPT(mount_something, through(syscall(SYS_mount, "none", "/tmp/bootferry-break-out", "tmpfs", 0UL, NULL)))
ATTEMPT(open_tree, through(opened(syscall(SYS_open_tree, AT_FDCWD, "/", 0))))
ATTEMPT(change_root, through(syscall(SYS_chroot, "/")))
ATTEMPT(change_folder, through(syscall(SYS_chdir, "/")))
ATTEMPT(change_personality, through(syscall(SYS_personality, 0xffffffffUL)))

/* Interfaces of the kernel that a transfer does not need. */
ATTEMPT(load_bpf, through(syscall(SYS_bpf, 0, NULL, 0)))
ATTEMPT(ring, through(syscall(SYS_io_uring_setup, 1, NULL)))
ATTEMPT(old_ring, through(syscall(SYS_io_setup, 1, NULL)))
ATTEMPT(measure, through(syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0UL)))
ATTEMPT(handle_faults, through(opened(syscall(SYS_userfaultfd, 0))))
ATTEMPT(use_keys, through(syscall(SYS_keyctl, 0 /* KEYCTL_GET_KEYRING_ID */, -3L, 0L)))
ATTEMPT(add_key, through(syscall(SYS_add_key, "user", "x", "x", 1UL, -3)))
ATTEMPT(load_module, through(syscall(SYS_finit_module, -1, "", 0)))
ATTEMPT(load_kernel, through(syscall(SYS_kexec_load, 0UL, 0UL, NULL, 0UL)))
ATTEMPT(restart, through(syscall(SYS_reboot, 0, 0, 0, NULL)))
ATTEMPT(read_kernel_log, through(syscall(SYS_syslog, 10 /* SIZE_BUFFER */, NULL, 0)))
ATTEMPT(set_clock, through(syscall(SYS_clock_settime, -1, NULL)))
ATTEMPT(set_host_name, through(syscall(SYS_sethostname, "x", 1UL)))
ATTEMPT(watch_everything, through(opened(syscall(SYS_fanotify_init, 0, 0))))
ATTEMPT(shared_memory, through(syscall(SYS_shmget, 0, 1UL, 0600)))
ATTEMPT(message_queue, through(syscall(SYS_msgget, 0, 0600)))

/* Sockets. */
static long make_socket(int family, int type, int protocol) {
    return opened(socket(family, type | SOCK_CLOEXEC, protocol));
}

ATTEMPT(socket_tcp, make_socket(AF_INET, SOCK_STREAM, 0))
ATTEMPT(socket_raw, make_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP))
ATTEMPT(socket_packet, make_socket(AF_PACKET, SOCK_RAW, 0))
ATTEMPT(socket_vsock, make_socket(AF_VSOCK, SOCK_STREAM, 0))
ATTEMPT(socket_crypto, make_socket(AF_ALG, SOCK_SEQPACKET, 0))
ATTEMPT(socket_key, make_socket(AF_KEY, SOCK_RAW, 2))
ATTEMPT(netlink_route, make_socket(AF_NETLINK, SOCK_RAW, 0))
ATTEMPT(netlink_diag, make_socket(AF_NETLINK, SOCK_RAW, 4))
ATTEMPT(netlink_netfilter, make_socket(AF_NETLINK, SOCK_RAW, 12))
ATTEMPT(netlink_uevent, make_socket(AF_NETLINK, SOCK_RAW, 15))
ATTEMPT(netlink_generic, make_socket(AF_NETLINK, SOCK_RAW, 16))

static long listen_tcp(const struct bootferry_session* given) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    long result = listen(fd, 1); /* the kernel chooses the port */

    (void)given;
    close(fd);
    return result;
}

static int connect_to(const char* name, int is_abstract) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(name);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    memcpy(address.sun_path + is_abstract, name, length);
    if (fd >= 0 &&
        connect(fd, (struct sockaddr*)&address,
                (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)is_abstract + length)) < 0) {
        int error = errno;

        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

static long bind_file(const struct bootferry_session* given) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    long result;

    snprintf(address.sun_path, sizeof address.sun_path, "%s/break-out", given->folder);
    result = bind(fd, (struct sockaddr*)&address, sizeof address);
    close(fd);
    return result;
}

ATTEMPT(connect_file, opened(connect_to(given->socket, 0)))
ATTEMPT(connect_abstract, opened(connect_to(given->abstract, 1)))

static long pair_of_datagrams(const struct bootferry_session* given) {
    int pair[2];

    (void)given;
    if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) < 0)
        return -1;
    close(pair[0]);
    close(pair[1]);
    return 0;
}

ATTEMPT(filter_calls, through(syscall(SYS_seccomp, 1 /* SECCOMP_SET_MODE_FILTER */, 0, NULL)))

static long pass_descriptor(const struct bootferry_session* given) {
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr header;
    } control = {{0}};
    char byte = 'x';
    struct iovec piece = {&byte, 1};
    struct msghdr message = {
        .msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control.bytes};
    int fd = connect_to(given->socket, 0);
    int passed = STDOUT_FILENO;
    long result = -1;

    control.header = (struct cmsghdr){
        .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(&control.header), &passed, sizeof passed);
    if (fd >= 0) {
        result = sendmsg(fd, &message, MSG_NOSIGNAL);
        close(fd);
    }
    return result;
}

/* Terminals and descriptors. */
ATTEMPT(open_terminal, opened(open("/dev/tty", O_RDONLY | O_CLOEXEC)))
ATTEMPT(open_console, opened(open("/dev/console", O_RDONLY | O_NOCTTY | O_CLOEXEC)))
ATTEMPT(type_keys, through(ioctl(STDIN_FILENO, TIOCSTI, "x")))
ATTEMPT(paste_keys, through(ioctl(STDIN_FILENO, 0x541c /* TIOCLINUX */, "\3")))
ATTEMPT(send_command, through(ioctl(STDIN_FILENO, 0x2285 /* SG_IO */, NULL)))
ATTEMPT(discard_blocks, through(ioctl(STDIN_FILENO, 0x1277 /* BLKDISCARD */, NULL)))
ATTEMPT(read_partitions, through(ioctl(STDIN_FILENO, 0x125f /* BLKRRPART */, NULL)))
ATTEMPT(read_errors, read(STDERR_FILENO, &(char){0}, 1))
ATTEMPT(read_input, read(STDIN_FILENO, &(char){0}, 1) == 0 ? (errno = ENODATA, -1) : 0)

/* Finds an open descriptor that is not a socket, a pipe, an anonymous kernel object or /dev/null. */
static long inherit(const struct bootferry_session* given) {
    (void)given;
    for (int fd = 0; fd < 1024; fd++) {
        char path[64], link[256];
        ssize_t length;

        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        length = readlink(path, link, sizeof link - 1);
        if (length < 0)
            continue;
        link[length] = '\0';
        if (strncmp(link, "socket:", 7) != 0 && strncmp(link, "pipe:", 5) != 0 &&
            strncmp(link, "anon_inode:", 11) != 0 && strcmp(link, "/dev/null") != 0)
            return fd;
    }
    errno = ENOENT;
    return -1;
}

static const struct {
    const char* name;
    attempt_function try;
} attempts[] = {
    {"open a file that only its owner may read", open_secret},
    {"open a file that everyone may read", open_public},
    {"open it from another folder (/etc/..)", open_by_dots},
    {"open it from /proc/self/root", open_by_root},
    {"reopen a descriptor of its path (O_PATH)", reopen_path},
    {"look at a file (stat)", look_at_file},
    {"list a folder that everyone may read", list_folder},
    {"list /usr/lib", list_libraries},
    {"open /etc/shadow", open_shadow},
    {"list /root", list_root},
    {"open /etc/passwd", open_passwd},
    {"open /proc/cmdline", open_command_line},
    {"open its own /proc/self/status", open_status},
    {"create a file", create_file},
    {"create a file without a name", create_unnamed},
    {"open a file for writing", open_to_write},
    {"reopen a descriptor for writing", reopen_to_write},
    {"open a block device", open_device},
    {"open /dev/mem", open_memory_device},
    {"create a folder", make_folder},
    {"create a symlink", make_link},
    {"create a device node", make_node},
    {"remove a file", remove_file},
    {"rename a file", rename_file},
    {"change a file's mode", change_mode},
    {"truncate a file by its name", truncate_file},
    {"create a file in memory (memfd_create)", make_memory_file},
    {"open a file by its handle", open_by_handle},
    {"open a file with openat2", open_in_a_new_way},
    {"watch a folder (inotify)", watch_folder},

    {"open the supervisor's memory", parent_memory},
    {"open the supervisor's environment", parent_environment},
    {"open the supervisor's command line", parent_words},
    {"open another worker's memory", other_memory},
    {"open another worker's environment", other_environment},
    {"list another worker's descriptors", other_descriptors},
    {"open the memory of process 1", init_memory},
    {"open its own memory for writing", own_memory},
    {"trace the supervisor (ptrace)", trace_parent},
    {"read the supervisor (process_vm_readv)", read_parent},
    {"hold the supervisor (pidfd_open)", hold_parent},
    {"signal the supervisor (kill)", signal_parent},
    {"signal another worker (kill)", signal_other},
    {"signal the supervisor (tgkill)", signal_parent_thread},
    {"signal another worker (tgkill)", signal_other_thread},
    {"signal its own thread (tgkill)", signal_own_thread},
    {"signal another worker (F_SETOWN)", own_with_fcntl},
    {"signal another worker (FIOSETOWN)", own_with_ioctl},
    {"choose the signal of a descriptor (F_SETSIG)", choose_signal},
    {"change another worker's limits", limit_other},
    {"change another worker's priority", slow_other},
    {"change another worker's processors", bind_other},

    {"start a process (fork)", start_process},
    {"start a process (clone3)", start_in_a_new_way},
    {"start a process in a new user namespace", start_like_vfork},
    {"execute a program", execute},
    {"change its user", become_root},
    {"change its group", become_group_root},
    {"change its other groups", join_groups},
    {"take a capability", take_capabilities},
    {"be inspected by others (PR_SET_DUMPABLE)", be_inspected},
    {"be traced by others (PR_SET_PTRACER)", be_traced},
    {"outlive its supervisor (PR_SET_PDEATHSIG)", outlive},
    {"change its name", name_itself},
    {"begin a session", new_session},
    {"make a user namespace", new_namespace},
    {"join a namespace", join_namespace},
    {"mount a file system", mount_something},
    {"open a mount (open_tree)", open_tree},
    {"change its root folder", change_root},
    {"change its working folder", change_folder},
    {"change its personality", change_personality},

    {"load a BPF program", load_bpf},
    {"use io_uring", ring},
    {"use asynchronous I/O (io_setup)", old_ring},
    {"use performance counters", measure},
    {"handle page faults (userfaultfd)", handle_faults},
    {"use a keyring", use_keys},
    {"add a key", add_key},
    {"load a kernel module", load_module},
    {"load another kernel", load_kernel},
    {"restart the machine", restart},
    {"read the kernel's log", read_kernel_log},
    {"set the clock", set_clock},
    {"set the host name", set_host_name},
    {"watch every file (fanotify)", watch_everything},
    {"use shared memory (shmget)", shared_memory},
    {"use a message queue (msgget)", message_queue},

    {"make a TCP socket", socket_tcp},
    {"listen on a TCP port", listen_tcp},
    {"make a raw socket", socket_raw},
    {"make a packet socket", socket_packet},
    {"make a vsock socket", socket_vsock},
    {"make a socket for the kernel's cryptography", socket_crypto},
    {"make a socket for IPsec keys", socket_key},
    {"make a netlink socket: routes", netlink_route},
    {"make a netlink socket: other sockets", netlink_diag},
    {"make a netlink socket: packet filter", netlink_netfilter},
    {"make a netlink socket: device events", netlink_uevent},
    {"make a netlink socket: generic", netlink_generic},
    {"create the file of a Unix socket (bind)", bind_file},
    {"connect to a Unix socket", connect_file},
    {"connect to an abstract Unix socket", connect_abstract},
    {"pass a descriptor to another process", pass_descriptor},

    {"connect a pair of datagram sockets to another one", pair_of_datagrams},
    {"widen its filter (seccomp)", filter_calls},

    {"open its terminal", open_terminal},
    {"open the console", open_console},
    {"type on a terminal (TIOCSTI)", type_keys},
    {"paste on a terminal (TIOCLINUX)", paste_keys},
    {"send a SCSI command to its target (SG_IO)", send_command},
    {"discard its target's blocks (BLKDISCARD)", discard_blocks},
    {"have its target's partitions read (BLKRRPART)", read_partitions},
    {"read standard error", read_errors},
    {"read standard input", read_input},
    {"inherit a file or a device", inherit},
};

/* What an option with this name declares. */
static uint32_t needs(const char* key) {
    return strcmp(key, "needs-unix") == 0     ? BOOTFERRY_NEEDS_UNIX_SOCKETS
           : strcmp(key, "needs-listen") == 0 ? BOOTFERRY_NEEDS_LISTENING
                                              : 0;
}

#define ROOM 900 /* bytes of a line; the supervisor cuts it after 1024 */

static void report(const struct bootferry_session* session) {
    char line[ROOM + 200];
    size_t used = 0;

    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
        const char* outcome = attempts[i].try(session) >= 0 ? "allowed" : strerrorname_np(errno);

        used += (size_t)snprintf(line + used, sizeof line - used, "%s%s=%s", used == 0 ? "break-out: " : "|",
                                 attempts[i].name, outcome != NULL ? outcome : "?");
        if (used > ROOM - 150 || i + 1 == sizeof attempts / sizeof *attempts) {
            session->host->log(session->host->context, BOOTFERRY_LOG_INFO, line);
            used = 0;
        }
    }
}

/* Sends a packet to the supervisor, bypassing the host's code: core/worker/channel.h. */
static void forge(unsigned kind) {
    struct {
        uint32_t kind;
        uint32_t numbers[5];
    } packet = {kind, {5, 0, 5, 0, 0}};

    (void)!write(3, &packet, sizeof packet);
    pause();
}

/* The calls of another architecture have other numbers. */
static void call_as_32_bit(void) {
#if defined(__x86_64__)
    long result = 5; /* i386: open */

    __asm__ volatile("int $0x80" : "+a"(result) : "b"(0), "c"(0), "d"(0) : "memory");
#endif
    abort();
}

static struct bootferry_session* session_new(const struct bootferry_host* host) {
    struct bootferry_session* session = (struct bootferry_session*)calloc(1, sizeof *session);

    if (session != NULL)
        session->host = host;
    return session;
}

static int set_option(struct bootferry_session* session, const char* key, const char* value) {
    if (strcmp(key, "secret") == 0)
        snprintf(session->secret, sizeof session->secret, "%s", value);
    else if (strcmp(key, "public") == 0)
        snprintf(session->public, sizeof session->public, "%s", value);
    else if (strcmp(key, "device") == 0)
        snprintf(session->device, sizeof session->device, "%s", value);
    else if (strcmp(key, "socket") == 0)
        snprintf(session->socket, sizeof session->socket, "%s", value);
    else if (strcmp(key, "abstract") == 0)
        snprintf(session->abstract, sizeof session->abstract, "%s", value);
    else if (strcmp(key, "folder") == 0)
        snprintf(session->folder, sizeof session->folder, "%s", value);
    else if (strcmp(key, "other") == 0)
        session->other = atol(value);
    return 0;
}

static int session_open(struct bootferry_session* session, const struct bootferry_request* request) {
    const char* act = strrchr(request->url, '/') + 1;

    if (strcmp(act, "wait") == 0) { /* to be the other worker */
        session->host->status(session->host->context, "waiting to be looked at");
        for (char byte; read(request->cancel_fd, &byte, 1) < 0;)
            sleep(1);
    } else if (strcmp(act, "forge-finished") == 0) {
        forge(6);
    } else if (strcmp(act, "forge-staged") == 0) {
        forge(5);
    } else if (strcmp(act, "denied") == 0) {
        syscall(SYS_execve, "/nothing", NULL, NULL);
        session->host->fail(session->host->context, BOOTFERRY_ERROR_IO, errno, "starting a helper");
        return -1;
    } else if (strcmp(act, "denied-file") == 0) {
        open(session->public, O_RDONLY | O_CLOEXEC);
        session->host->fail(session->host->context, BOOTFERRY_ERROR_IO, errno, "reading its settings");
        return -1;
    } else if (strcmp(act, "denied-before") == 0) {
        syscall(SYS_execve, "/nothing", NULL, NULL);
        session->host->fail(session->host->context, BOOTFERRY_ERROR_NOT_FOUND, ENOENT, "looking for it");
        return -1;
    } else if (strcmp(act, "call-as-32-bit") == 0) {
        call_as_32_bit();
    } else {
        report(session);
    }
    session->host->fail(session->host->context, BOOTFERRY_ERROR_NOT_FOUND, 0, "that is all");
    return -1;
}

static int info(struct bootferry_session* session, struct bootferry_info* about) {
    (void)session;
    about->size = BOOTFERRY_SIZE_UNKNOWN;
    return 0;
}

static ssize_t session_read(struct bootferry_session* session, void* buffer, size_t length) {
    (void)session;
    (void)buffer;
    (void)length;
    return 0;
}

static int finish(struct bootferry_session* session, enum bootferry_outcome outcome) {
    (void)session;
    (void)outcome;
    return 0;
}

static void session_free(struct bootferry_session* session) {
    free(session);
}

static const char* const schemes[] = {"breakout", NULL};
static const struct bootferry_option options[] = {
    {"secret", "a file that only its owner may read"},
    {"public", "a file that everyone may read"},
    {"device", "a block device"},
    {"socket", "a Unix socket that everyone may connect to"},
    {"abstract", "the name of one without a file"},
    {"folder", "a folder that everyone may write to"},
    {"other", "the number of another worker's process"},
    {"needs-unix", "FLAG: declare that Unix sockets are needed"},
    {"needs-listen", "FLAG: declare that listening is needed"},
    {NULL, NULL},
};

static const struct bootferry_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_version = BOOTFERRY_ABI_VERSION,
    .name = "breakout",
    .version = "1",
    .schemes = schemes,
    .options = options,
    .session_new = session_new,
    .set_option = set_option,
    .open = session_open,
    .info = info,
    .read = session_read,
    .finish = finish,
    .session_free = session_free,
    .needs = needs,
};

const struct bootferry_plugin* bootferry_plugin_entry(void) {
    return &plugin;
}
