// SPDX-License-Identifier: LGPL-2.1-or-later
// An allow-list like systemd.exec(5)'s SystemCallFilter=@system-service, but smaller. A call that is not
// listed fails with EPERM, so that a library falls back or reports it instead of being killed silently;
// clone3 fails with ENOSYS, since a filter cannot inspect its flags and glibc then uses clone. Grouped by
// purpose, so that a plugin's author can see what is available.
#include "sandbox.h"

#include <cerrno>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>

#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <seccomp.h>
#include <spdlog/fmt/fmt.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bootferry/plugin.h"
#include "denied_call.h"
#include "errors.h"
#include "landlock.h"
#include "readable_files.h"
#include "refused_calls.h"

// AddressSanitizer needs calls that are not listed: such a build has no filter.
#if defined(__SANITIZE_ADDRESS__)
#define BOOTFERRY_SANITIZED true
#elif defined(__has_feature)
#define BOOTFERRY_SANITIZED __has_feature(address_sanitizer)
#else
#define BOOTFERRY_SANITIZED false
#endif

namespace bootferry {
namespace {

struct Release {
    void operator()(void* filter) const noexcept { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, Release>;

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

void checkSeccomp(int result, const char* what) {
    // -EDOM, and __NR_SCMP_ERROR for an unknown name: this architecture has no such call, so none is missing.
    if (result < 0 && result != -EDOM) {
        throw Error(ErrorCode::Io, -result, fmt::format("setting up the sandbox ({})", what));
    }
}

template <typename... Comparisons>
void allow(const Filter& filter, const char* name, Comparisons... comparisons) {
    const int number = seccomp_syscall_resolve_name(name);
    if (number != __NR_SCMP_ERROR) {
        checkSeccomp(
            seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, number, sizeof...(comparisons), comparisons...),
            name);
    }
}

void allowAll(const Filter& filter, std::span<const char* const> names) {
    for (const char* name : names) {
        allow(filter, name);
    }
}

void refuseWith(const Filter& filter, std::uint32_t action, const char* name,
                std::initializer_list<scmp_arg_cmp> comparisons = {}) {
    const int number = seccomp_syscall_resolve_name(name);
    if (number != __NR_SCMP_ERROR) {
        checkSeccomp(seccomp_rule_add_array(filter.get(), action, number,
                                            static_cast<unsigned>(comparisons.size()), comparisons.begin()),
                     name);
    }
}

// seccomp.h's SCMP_A0 and its like are compound literals, which C++ does not have.
scmp_arg_cmp masked(unsigned argument, scmp_datum_t mask, scmp_datum_t value) {
    return {.arg = argument, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value};
}

scmp_arg_cmp equal(unsigned argument, int value) {
    return {.arg = argument, .op = SCMP_CMP_EQ, .datum_a = static_cast<scmp_datum_t>(value), .datum_b = 0};
}

void nameRefusedCalls(const Filter& filter, bool mayListen) {
    catchRefusedCalls();
    for (const auto& call : namedCalls()) {
        const std::string_view name = call.name;
        if (name == "openat" || name == "open") {
            for (const int flag : {O_WRONLY, O_RDWR, O_CREAT, O_TRUNC}) {
                const auto mask = static_cast<scmp_datum_t>(flag);
                refuseWith(filter, SCMP_ACT_TRAP, call.name, {masked(name == "open" ? 1 : 2, mask, mask)});
            }
        } else if (name == "socket") { // more than AF_NETLINK: packets, vsock, cryptography
            refuseWith(filter, SCMP_ACT_TRAP, call.name,
                       {{.arg = 0, .op = SCMP_CMP_GT, .datum_a = AF_NETLINK, .datum_b = 0}});
        } else if (!mayListen || (name != "listen" && !name.starts_with("accept"))) {
            refuseWith(filter, SCMP_ACT_TRAP, call.name);
        }
    }
}

void allowThreadsOnly(const Filter& filter) {
#if defined(__s390__) // clone(2): the flags are the second argument there
    constexpr unsigned flags = 1;
#else
    constexpr unsigned flags = 0;
#endif
    allow(filter, "clone", masked(flags, CLONE_THREAD, CLONE_THREAD));
    checkSeccomp(seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0), "clone3");
}

void allowReadingFiles(const Filter& filter) {
    constexpr scmp_datum_t writing = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC;
    allow(filter, "open", masked(1, writing, 0));
    allow(filter, "openat", masked(2, writing, 0));
}

// Of netlink, only routes are allowed: for getaddrinfo(3), and to detect a new network.
void allowNetworkSockets(const Filter& filter) {
    for (const int family : {AF_UNIX, AF_INET, AF_INET6}) {
        allow(filter, "socket", equal(0, family));
    }
    allow(filter, "socket", equal(0, AF_NETLINK), equal(2, NETLINK_ROUTE));
    // Not of datagrams: such a pair's sockets can be connected to another one.
    constexpr scmp_datum_t kindOnly = 0xf;
    allow(filter, "socketpair", equal(0, AF_UNIX), masked(1, kindOnly, SOCK_STREAM));
}

// Workers run as the same user, so without these rules they could end, starve or pin one another. 0 is the
// caller.
void allowForItselfOnly(const Filter& filter) {
    allow(filter, "tgkill", equal(0, ::getpid()));
    allow(filter, "prlimit64", equal(0, 0));
    allow(filter, "sched_setaffinity", equal(0, 0));
}

// For calls with many functions. The kernel ignores the upper half of the argument that selects one.
void allowMeanings(const Filter& filter, const char* name, unsigned argument,
                   std::initializer_list<unsigned> meanings) {
    constexpr scmp_datum_t lowerHalf = 0xffff'ffff;
    for (const auto meaning : meanings) {
        allow(filter, name, masked(argument, lowerHalf, meaning));
    }
}

void allowChosenMeanings(const Filter& filter) {
    // Refuses to become visible to other processes (PR_SET_DUMPABLE) and to outlive the supervisor
    // (PR_SET_PDEATHSIG).
    allowMeanings(filter, "prctl", 0,
                  {PR_SET_NAME, PR_GET_NAME, PR_GET_DUMPABLE, PR_CAPBSET_READ, PR_SET_VMA});
    // Refuses signals from the kernel to other processes (F_SETOWN, F_SETSIG). Of ioctl(2), FIOSETOWN is
    // refused for the same reason, and commands to a terminal or to the target's device (TIOCSTI, SG_IO).
    for (const char* name : {"fcntl", "fcntl64"}) {
        allowMeanings(filter, name, 1,
                      {F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK, F_SETLK,
                       F_SETLKW, F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW, F_GETPIPE_SZ, F_SETPIPE_SZ,
                       F_ADD_SEALS, F_GET_SEALS});
    }
}

// further: allows what this process may do besides.
void restrictCalls(const std::function<void(const Filter&)>& further) {
    if constexpr (BOOTFERRY_SANITIZED) {
        return;
    }
    const Filter filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)));
    if (!filter) {
        throw Error(ErrorCode::Io, ENOMEM, "setting up the sandbox");
    }
    checkSeccomp(seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1), "for all threads");
    allowAll(filter, allowedToBoth);
    allowAll(filter, allowedToBothOn32Bits);
    allowThreadsOnly(filter);
    allowForItselfOnly(filter);
    allowChosenMeanings(filter);
    further(filter);
    checkSeccomp(seccomp_load(filter.get()), "loading it");
}

} // namespace

void hideFromOthers() {
    if constexpr (!BOOTFERRY_SANITIZED) { // LeakSanitizer traces its own process
        checkErrno(::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "hiding from other processes");
    }
}

void enterSandbox() {
    restrictCalls([](const Filter& filter) {
        allowAll(filter, allowedToReceiver);
        allowAll(filter, allowedToReceiverOn32Bits);
        allowReadingFiles(filter);
        allowNetworkSockets(filter);
        // For narrowSandbox(), which refuses them: a filter can only be made narrower.
        allow(filter, "seccomp");
        for (const int call : landlock::calls) { // by number, as older versions of libseccomp lack the names
            checkSeccomp(seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 0), "Landlock");
        }
        allowMeanings(filter, "ioctl", 1,
                      {TCGETS, FIONREAD, FIONBIO, FIOCLEX, FIONCLEX, SIOCOUTQ, SIOCGIFNAME, SIOCGIFINDEX,
                       SIOCGIFCONF, SIOCGIFFLAGS, SIOCGIFADDR, SIOCGIFNETMASK, SIOCGIFMTU});
    });
}

void enterVerifierSandbox() {
    if constexpr (!BOOTFERRY_SANITIZED) {
        (void)landlock::restrictFiles({});
    }
    restrictCalls([](const Filter& filter) {
        allow(filter, "fstat");
        for (const char* name : {"newfstatat", "fstatat64"}) {
            allow(filter, name, masked(3, AT_EMPTY_PATH, AT_EMPTY_PATH)); // glibc's fstat(3)
        }
    });
}

// bind(2) stays allowed: getaddrinfo(3) and the core bind netlink sockets, and a filter cannot see the
// address.
void narrowSandbox(std::uint32_t needs, const std::vector<std::string>& folders) {
    if constexpr (BOOTFERRY_SANITIZED) {
        return;
    }
    if (landlock::restrictFiles({.readable = readableFiles(folders),
                                 .abstractSockets = (needs & BOOTFERRY_NEEDS_UNIX_SOCKETS) != 0})) {
        noteRestrictedFiles();
    }
    const Filter filter(seccomp_init(SCMP_ACT_ALLOW));
    if (!filter) {
        throw Error(ErrorCode::Io, ENOMEM, "narrowing the sandbox");
    }
    checkSeccomp(seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1), "for all threads");
    checkSeccomp(seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_NNP, 0), "without privileges"); // set already
    constexpr auto refused = SCMP_ACT_ERRNO(EPERM);
    const bool mayListen = (needs & BOOTFERRY_NEEDS_LISTENING) != 0;
    refuseWith(filter, refused, "seccomp");
    for (const int call : landlock::calls) {
        checkSeccomp(seccomp_rule_add(filter.get(), refused, call, 0), "Landlock");
    }
    if ((needs & BOOTFERRY_NEEDS_UNIX_SOCKETS) == 0) {
        refuseWith(filter, refused, "socket", {equal(0, AF_UNIX)}); // not named: getaddrinfo(3) tries it
    }
    nameRefusedCalls(filter, mayListen);
    if (!mayListen && namedCalls().empty()) {
        for (const char* name : {"listen", "accept", "accept4"}) {
            refuseWith(filter, refused, name);
        }
    }
    checkSeccomp(seccomp_load(filter.get()), "narrowing it");
}

} // namespace bootferry
