// SPDX-License-Identifier: LGPL-2.1-or-later
#include "termination.h"

#include <csignal>

#include "errors.h"

namespace bootferry {
namespace {

volatile std::sig_atomic_t terminated = 0; // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

extern "C" void onTermination(int) {
    terminated = 1;
}

} // namespace

void rememberTermination() {
    struct sigaction action {};
    action.sa_handler = onTermination; // no SA_RESTART: interrupts waitpid(), so that the child is stopped
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
        struct sigaction before {};
        if (::sigaction(signal, nullptr, &before) == 0 && before.sa_handler == SIG_IGN) {
            continue; // nohup(1)
        }
        (void)::sigaction(signal, &action, nullptr);
    }
}

bool isTerminated() noexcept {
    return terminated != 0;
}

void throwIfTerminated() {
    if (isTerminated()) {
        throw Error(ErrorCode::Cancelled, "terminated by a signal");
    }
}

} // namespace bootferry
