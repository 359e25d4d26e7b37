// SPDX-License-Identifier: LGPL-2.1-or-later
// close(2) is called once and its EINTR ignored: on Linux the descriptor is gone either way.
#include "handles.h"

#include <unistd.h>

namespace bootferry {

UniqueFd& UniqueFd::operator=(UniqueFd&& other) noexcept {
    reset(other.release());
    return *this;
}

void UniqueFd::reset(int fd) noexcept {
    if (fd_ >= 0) {
        ::close(fd_);
    }
    fd_ = fd;
}

} // namespace bootferry
