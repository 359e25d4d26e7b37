// SPDX-License-Identifier: LGPL-2.1-or-later
// Enlarging the pipe may fail (pipe(7)): the default of 64 KiB works too, with more calls.
#include "splice_pipe.h"

#include <tuple>

#include <fcntl.h>
#include <unistd.h>

#include "descriptors.h"

namespace bootferry {

SplicePipe::SplicePipe() {
    std::tie(readEnd_, writeEnd_) = makePipe();
    (void)::fcntl(writeEnd_.get(), F_SETPIPE_SZ, wantedSize);
}

} // namespace bootferry
