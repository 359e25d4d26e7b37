// SPDX-License-Identifier: LGPL-2.1-or-later
#include "allowed_calls.h"

#include <cerrno>

#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "landlock.h"

namespace bootferry {
namespace {

constexpr const char* allowedToBoth[] = {
    // memory
    "brk",
    "mmap",
    "munmap",
    "mprotect",
    "mremap",
    "madvise",
    "mlock",
    "munlock",
    "membarrier",
    // threads and their synchronisation
    "futex",
    "futex_waitv",
    "set_robust_list",
    "get_robust_list",
    "rseq",
    "gettid",
    "set_tid_address",
    "sched_yield",
    "sched_getaffinity",
    "exit",
    "exit_group",
    "arch_prctl",
    // time
    "clock_gettime",
    "clock_getres",
    "clock_nanosleep",
    "nanosleep",
    "gettimeofday",
    "time",
    "timerfd_create",
    "timerfd_settime",
    "timerfd_gettime",
    // descriptors
    "read",
    "readv",
    "pread64",
    "preadv",
    "preadv2",
    "write",
    "writev",
    "pwrite64",
    "pwritev",
    "pwritev2",
    "close",
    "close_range",
    "dup",
    "dup2",
    "dup3",
    "lseek",
    "pipe",
    "pipe2",
    "eventfd2",
    "fsync",
    "fdatasync",
    "sync_file_range",
    "ftruncate",
    "fallocate",
    "fadvise64",
    "splice",
    "tee",
    "copy_file_range",
    "sendfile",
    // waiting
    "poll",
    "ppoll",
    "select",
    "pselect6",
    "epoll_create",
    "epoll_create1",
    "epoll_ctl",
    "epoll_wait",
    "epoll_pwait",
    "epoll_pwait2",
    "restart_syscall",
    // identity of process, user and system
    "getpid",
    "getppid",
    "getuid",
    "geteuid",
    "getgid",
    "getegid",
    "getgroups",
    "uname",
    "sysinfo",
    "getrandom",
    "getrusage",
    "getrlimit",
    "getcpu",
    // signals
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "rt_sigtimedwait",
    "sigaltstack",
    "signalfd4",
    // descriptors that arrive over a channel
    "recvmsg",
};

constexpr const char* allowedToReceiver[] = {
    // looking at files; opening them is below
    "stat",
    "fstat",
    "lstat",
    "newfstatat",
    "statx",
    "access",
    "faccessat",
    "faccessat2",
    "readlink",
    "readlinkat",
    "getdents64",
    "getcwd",
    "statfs",
    "fstatfs",
    "inotify_init1",
    "inotify_add_watch",
    "inotify_rm_watch",
    // sockets; creating them is below
    "connect",
    "bind",
    "listen",
    "accept",
    "accept4",
    "sendto",
    "recvfrom",
    "sendmsg",
    "sendmmsg",
    "recvmmsg",
    "shutdown",
    "getsockname",
    "getpeername",
    "setsockopt",
    "getsockopt",
};

// What some of them are called on 32-bit architectures; elsewhere there are no such calls.
constexpr const char* allowedToBothOn32Bits[] = {
    "_newselect",
    "sendfile64",
    "_llseek",
    "arm_fadvise64_64",
    "arm_sync_file_range",
    "clock_getres_time64",
    "clock_gettime64",
    "clock_nanosleep_time64",
    "fadvise64_64",
    "fstat64",
    "fstatfs64",
    "ftruncate64",
    "futex_time64",
    "getegid32",
    "geteuid32",
    "getgid32",
    "getgroups32",
    "getuid32",
    "mmap2",
    "ppoll_time64",
    "pselect6_time64",
    "rt_sigtimedwait_time64",
    "sigreturn",
    "timerfd_gettime64",
    "timerfd_settime64",
    "ugetrlimit",
};
constexpr const char* allowedToReceiverOn32Bits[] = {
    "fstatat64", "lstat64", "recv", "recvmmsg_time64", "send", "stat64", "statfs64",
};

// clone3 fails with ENOSYS, since a filter cannot inspect its flags and glibc then uses clone.
void allowThreadsOnly(SeccompFilter& filter) {
#if defined(__s390__) // clone(2): the flags are the second argument there
    constexpr unsigned flags = 1;
#else
    constexpr unsigned flags = 0;
#endif
    filter.allow("clone", {argumentMasked(flags, CLONE_THREAD, CLONE_THREAD)});
    filter.add(SCMP_ACT_ERRNO(ENOSYS), "clone3");
}

void allowReadingFiles(SeccompFilter& filter) {
    constexpr scmp_datum_t writing = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC;
    filter.allow("open", {argumentMasked(1, writing, 0)});
    filter.allow("openat", {argumentMasked(2, writing, 0)});
}

// Of netlink, only routes are allowed: for getaddrinfo(3), and to detect a new network.
void allowNetworkSockets(SeccompFilter& filter) {
    for (const int family : {AF_UNIX, AF_INET, AF_INET6}) {
        filter.allow("socket", {argumentEqual(0, family)});
    }
    filter.allow("socket", {argumentEqual(0, AF_NETLINK), argumentEqual(2, NETLINK_ROUTE)});
    // Not of datagrams: such a pair's sockets can be connected to another one.
    constexpr scmp_datum_t kindOnly = 0xf;
    filter.allow("socketpair", {argumentEqual(0, AF_UNIX), argumentMasked(1, kindOnly, SOCK_STREAM)});
}

// Workers run as the same user, so without these rules they could end, starve or pin one another. 0 is the
// caller.
void allowForItselfOnly(SeccompFilter& filter) {
    filter.allow("tgkill", {argumentEqual(0, ::getpid())});
    filter.allow("prlimit64", {argumentEqual(0, 0)});
    filter.allow("sched_setaffinity", {argumentEqual(0, 0)});
}

void allowChosenFunctions(SeccompFilter& filter) {
    // Refuses to become visible to other processes (PR_SET_DUMPABLE) and to outlive the supervisor
    // (PR_SET_PDEATHSIG).
    filter.allowFunctions("prctl", 0,
                          {PR_SET_NAME, PR_GET_NAME, PR_GET_DUMPABLE, PR_CAPBSET_READ, PR_SET_VMA});
    // Refuses signals from the kernel to other processes (F_SETOWN, F_SETSIG). Of ioctl(2), FIOSETOWN is
    // refused for the same reason, and commands to a terminal or to the target's device (TIOCSTI, SG_IO).
    for (const char* name : {"fcntl", "fcntl64"}) {
        filter.allowFunctions(name, 1,
                              {F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK, F_SETLK,
                               F_SETLKW, F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW, F_GETPIPE_SZ, F_SETPIPE_SZ,
                               F_ADD_SEALS, F_GET_SEALS});
    }
}

} // namespace

void allowCallsOfBoth(SeccompFilter& filter) {
    filter.allowAll(allowedToBoth);
    filter.allowAll(allowedToBothOn32Bits);
    allowThreadsOnly(filter);
    allowForItselfOnly(filter);
    allowChosenFunctions(filter);
}

void allowCallsOfReceiver(SeccompFilter& filter) {
    filter.allowAll(allowedToReceiver);
    filter.allowAll(allowedToReceiverOn32Bits);
    allowReadingFiles(filter);
    allowNetworkSockets(filter);
    // For narrowSandbox(), which refuses them: a filter can only be made narrower.
    filter.allow("seccomp");
    for (const int call : landlock::calls) { // by number, as older versions of libseccomp lack the names
        filter.addNumber(SCMP_ACT_ALLOW, call, "Landlock");
    }
    filter.allowFunctions("ioctl", 1,
                          {TCGETS, FIONREAD, FIONBIO, FIOCLEX, FIONCLEX, SIOCOUTQ, SIOCGIFNAME, SIOCGIFINDEX,
                           SIOCGIFCONF, SIOCGIFFLAGS, SIOCGIFADDR, SIOCGIFNETMASK, SIOCGIFMTU});
}

void allowCallsOfSignatureCheck(SeccompFilter& filter) {
    for (const char* name : {"execve", "stat", "fstat", "lstat", "newfstatat", "fstatat64", "stat64",
                             "lstat64", "statx", "access", "faccessat", "faccessat2", "readlink",
                             "readlinkat", "getcwd", "statfs", "statfs64", "umask"}) {
        filter.allow(name);
    }
    allowReadingFiles(filter);
    filter.allowFunctions("ioctl", 1, {TCGETS});
}

void allowCallsOfVerifier(SeccompFilter& filter) {
    filter.allow("fstat");
    for (const char* name : {"newfstatat", "fstatat64"}) {
        filter.allow(name, {argumentMasked(3, AT_EMPTY_PATH, AT_EMPTY_PATH)}); // glibc's fstat(3)
    }
}

} // namespace bootferry
