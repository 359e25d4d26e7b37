// SPDX-License-Identifier: LGPL-2.1-or-later
#include "descriptors.h"

#include <array>

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include "errors.h"

namespace bootferry {

std::pair<UniqueFd, UniqueFd> makePipe() {
    std::array<int, 2> ends{};
    checkErrno(::pipe2(ends.data(), O_CLOEXEC), "making a pipe");
    return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

std::string descriptorPath(int fd) {
    return fmt::format("/proc/self/fd/{}", fd);
}

} // namespace bootferry
