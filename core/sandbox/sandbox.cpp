// SPDX-License-Identifier: LGPL-2.1-or-later
// A call that is not listed (allowed_calls.h) fails with EPERM, so that a library falls back or reports it
// instead of being killed silently.
#include "sandbox.h"

#include <cerrno>
#include <string_view>

#include <fcntl.h>
#include <linux/netlink.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "allowed_calls.h"
#include "bootferry/plugin.h"
#include "denied_call.h"
#include "errors.h"
#include "landlock.h"
#include "readable_files.h"
#include "refused_calls.h"
#include "sanitized.h"
#include "seccomp_filter.h"

namespace bootferry {
namespace {

constexpr auto refused = SCMP_ACT_ERRNO(EPERM);

// The filter raises a signal for calls that a failure is to name (refused_calls.h).
void nameRefusedCalls(SeccompFilter& filter, bool mayListen) {
    catchRefusedCalls();
    for (const auto& call : namedCalls()) {
        const std::string_view name = call.name;
        if (name == "openat" || name == "open") {
            for (const int flag : {O_WRONLY, O_RDWR, O_CREAT, O_TRUNC}) {
                const auto mask = static_cast<scmp_datum_t>(flag);
                filter.add(SCMP_ACT_TRAP, call.name, {argumentMasked(name == "open" ? 1 : 2, mask, mask)});
            }
        } else if (name == "socket") { // more than AF_NETLINK: packets, vsock, cryptography
            filter.add(SCMP_ACT_TRAP, call.name,
                       {{.arg = 0, .op = SCMP_CMP_GT, .datum_a = AF_NETLINK, .datum_b = 0}});
        } else if (!mayListen || (name != "listen" && !name.starts_with("accept"))) {
            filter.add(SCMP_ACT_TRAP, call.name);
        }
    }
}

// bind(2) stays allowed: getaddrinfo(3) and the core bind netlink sockets, and a filter cannot see the
// address.
[[maybe_unused]] void narrowCalls(std::uint32_t needs) { // unused under a sanitizer
    SeccompFilter filter(SCMP_ACT_ALLOW);
    filter.assumeNoNewPrivileges();
    const bool mayListen = (needs & BOOTFERRY_NEEDS_LISTENING) != 0;
    filter.add(refused, "seccomp");
    for (const int call : landlock::calls) {
        filter.addNumber(refused, call, "Landlock");
    }
    if ((needs & BOOTFERRY_NEEDS_UNIX_SOCKETS) == 0) {
        filter.add(refused, "socket", {argumentEqual(0, AF_UNIX)}); // not named: getaddrinfo(3) tries it
    }
    nameRefusedCalls(filter, mayListen);
    if (!mayListen && namedCalls().empty()) {
        for (const char* name : {"listen", "accept", "accept4"}) {
            filter.add(refused, name);
        }
    }
    filter.load();
}

// Of a list of at most 1 MiB: far more than gpgv needs.
void limitResources() {
    constexpr rlim_t seconds = 60;
    constexpr rlim_t memory = rlim_t{1} << 30U;
    const std::pair<int, rlim_t> limits[] = {
        {RLIMIT_CPU, seconds}, {RLIMIT_AS, memory}, {RLIMIT_FSIZE, 0}, {RLIMIT_CORE, 0}};
    for (const auto& [what, most] : limits) {
        if (BOOTFERRY_SANITIZED && what == RLIMIT_AS) {
            continue; // a sanitizer has terabytes of addresses
        }
        const rlimit limit{.rlim_cur = most, .rlim_max = most};
        checkErrno(::setrlimit(static_cast<__rlimit_resource_t>(what), &limit), "limiting a process");
    }
}

} // namespace

void hideFromOthers() {
    if constexpr (!BOOTFERRY_SANITIZED) { // LeakSanitizer traces its own process
        checkErrno(::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "hiding from other processes");
    }
}

void enterSandbox() {
    if constexpr (!BOOTFERRY_SANITIZED) {
        SeccompFilter filter(refused);
        allowCallsOfBoth(filter);
        allowCallsOfReceiver(filter);
        filter.load();
    }
}

void enterVerifierSandbox() {
    if constexpr (!BOOTFERRY_SANITIZED) {
        (void)landlock::restrictFiles({});
        SeccompFilter filter(refused);
        allowCallsOfBoth(filter);
        allowCallsOfVerifier(filter);
        filter.load();
    }
}

void enterSignatureSandbox() {
    limitResources();
    if constexpr (!BOOTFERRY_SANITIZED) {
        SeccompFilter filter(refused);
        allowCallsOfBoth(filter);
        allowCallsOfSignatureCheck(filter);
        filter.load();
    }
}

void narrowSandbox(std::uint32_t needs, const std::vector<std::string>& folders) {
    if constexpr (!BOOTFERRY_SANITIZED) {
        if (landlock::restrictFiles({.readable = readableFiles(folders),
                                     .abstractSockets = (needs & BOOTFERRY_NEEDS_UNIX_SOCKETS) != 0})) {
            noteRestrictedFiles();
        }
        narrowCalls(needs);
    }
}

} // namespace bootferry
