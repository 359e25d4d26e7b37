// SPDX-License-Identifier: LGPL-2.1-or-later
// The handler only looks a number up in a constant table and stores a pointer, which is safe in any thread.
#include "refused_calls.h"

#include <cerrno>
#include <csignal>

#include <sys/syscall.h>
#include <ucontext.h>

#include "denied_call.h"
#include "errors.h"

namespace bootferry {
namespace {

#if defined(__x86_64__) || defined(__aarch64__)

constexpr NamedCall named[] = {
    {"execve", SYS_execve},
    {"execveat", SYS_execveat},
    {"openat", SYS_openat}, // for writing
    {"listen", SYS_listen},
    {"accept", SYS_accept},
    {"accept4", SYS_accept4},
    {"mkdirat", SYS_mkdirat},
    {"memfd_create", SYS_memfd_create},
    {"renameat2", SYS_renameat2},
    {"unlinkat", SYS_unlinkat},
    {"socket", SYS_socket}, // of an unusual family
#if defined(__x86_64__)
    {"open", SYS_open},
    {"mkdir", SYS_mkdir},
    {"rename", SYS_rename},
    {"unlink", SYS_unlink},
#endif
};

void setResult(ucontext_t& context, int result) {
#if defined(__x86_64__)
    context.uc_mcontext.gregs[REG_RAX] = result;
#else
    context.uc_mcontext.regs[0] = static_cast<unsigned long long>(static_cast<long long>(result));
#endif
}

extern "C" void onRefusedCall(int, siginfo_t* info, void* context) {
    for (const auto& call : named) {
        if (call.number == info->si_syscall) {
            noteDeniedCall(call.name);
        }
    }
    setResult(*static_cast<ucontext_t*>(context), -EPERM);
}

#endif

} // namespace

std::span<const NamedCall> namedCalls() {
#if defined(__x86_64__) || defined(__aarch64__)
    return named;
#else
    return {};
#endif
}

void catchRefusedCalls() {
#if defined(__x86_64__) || defined(__aarch64__)
    struct sigaction action {};
    action.sa_sigaction = &onRefusedCall;
    action.sa_flags = SA_SIGINFO | SA_RESTART | SA_NODEFER | SA_ONSTACK;
    checkErrno(::sigaction(SIGSYS, &action, nullptr), "naming the calls that the sandbox refuses");
#endif
}

} // namespace bootferry
