// SPDX-License-Identifier: LGPL-2.1-or-later
// Enlarging the pipe may fail (pipe(7)): the default of 64 KiB works too, with more calls.
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
