// SPDX-License-Identifier: LGPL-2.1-or-later
// close(2) is not retried on EINTR: Linux has closed the descriptor even then.
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
