// SPDX-License-Identifier: LGPL-2.1-or-later
#include "descriptors.h"

#include <array>

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/socket.h>
#include <unistd.h>

#include "errors.h"

namespace bootferry {

std::pair<UniqueFd, UniqueFd> makePipe() {
    std::array<int, 2> ends{};
    checkErrno(::pipe2(ends.data(), O_CLOEXEC), "making a pipe");
    return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

std::pair<UniqueFd, UniqueFd> makeLargePipe() {
    auto ends = makePipe();
    (void)::fcntl(ends.second.get(), F_SETPIPE_SZ, largePipe);
    return ends;
}

std::pair<UniqueFd, UniqueFd> makePacketSockets() {
    std::array<int, 2> ends{};
    checkErrno(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()), "making a socket pair");
    return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

std::string descriptorPath(int fd) {
    return fmt::format("/proc/self/fd/{}", fd);
}

} // namespace bootferry
