// SPDX-License-Identifier: LGPL-2.1-or-later
// pipe(7). The default of 64 KiB works as well, with more calls.
#include "splice_pipe.h"

#include <array>

#include <fcntl.h>
#include <unistd.h>

namespace bootferry {

SplicePipe::SplicePipe() {
    std::array<int, 2> ends{};
    checkErrno(::pipe2(ends.data(), O_CLOEXEC), "making a pipe");
    readEnd_.reset(ends[0]);
    writeEnd_.reset(ends[1]);
    (void)::fcntl(writeEnd_.get(), F_SETPIPE_SZ, wantedSize);
}

} // namespace bootferry
