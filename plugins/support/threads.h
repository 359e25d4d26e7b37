// SPDX-License-Identifier: LGPL-2.1-or-later
// A plugin's threads block signals: only the host handles them.
#pragma once

#include <csignal>
#include <system_error>
#include <thread>
#include <utility>

#include "host.h"

namespace bootferry::plugin {

template <typename Work>
std::thread startThread(Work work) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    sigdelset(&all, SIGSYS); // of the sandbox, for a call of this thread: blocked, it would end the process
    pthread_sigmask(SIG_SETMASK, &all, &before);
    struct Restore {
        const sigset_t& mask;
        ~Restore() { pthread_sigmask(SIG_SETMASK, &mask, nullptr); }
    } const restore{before};
    try {
        return std::thread(std::move(work));
    } catch (const std::system_error& error) {
        throw Failure(BOOTFERRY_ERROR_IO, "starting a thread", error.code().value());
    }
}

} // namespace bootferry::plugin
