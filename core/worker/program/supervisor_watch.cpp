// SPDX-License-Identifier: LGPL-2.1-or-later
#include "supervisor_watch.h"

#include <array>
#include <cerrno>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "channel.h"
#include "errors.h"
#include "log.h"

namespace bootferry {
namespace {

UniqueFd makeEvent() {
    return UniqueFd(checkErrno(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "watching the supervisor"));
}

} // namespace

SupervisorWatch::SupervisorWatch()
    : cancelled_(makeEvent()), ended_(makeEvent()), thread_([this] { run(); }) {}

SupervisorWatch::~SupervisorWatch() {
    (void)::eventfd_write(ended_.get(), 1);
    thread_.join();
}

void SupervisorWatch::run() const {
    std::array<pollfd, 2> watched{{{.fd = channel::cancelFd, .events = POLLIN, .revents = 0},
                                   {.fd = ended_.get(), .events = POLLIN, .revents = 0}}};
    while (::poll(watched.data(), watched.size(), -1) < 0 && errno == EINTR) {
    }
    if (watched[1].revents != 0) {
        return;
    }
    char byte = 0;
    if (::read(channel::cancelFd, &byte, 1) == 1) {
        (void)::eventfd_write(cancelled_.get(), 1);
        return;
    }
    logWarning(
        "bootferryd is gone: the image is served and fetched on, but nobody can take the place of this "
        "process, which the system needs as long as it runs");
}

} // namespace bootferry
