// SPDX-License-Identifier: LGPL-2.1-or-later
// The pipe that splice(2) needs between a socket and a file. The kernel passes on the pages that the network
// filled, so that data is copied once instead of twice. The pipe is empty between two calls.
#pragma once

#include "descriptors.h"

namespace bootferry {

class SplicePipe {
public:
    SplicePipe();

    [[nodiscard]] int writeEnd() const { return writeEnd_.get(); }
    [[nodiscard]] int readEnd() const { return readEnd_.get(); }

    static constexpr int wantedSize = largePipe; // bytes; the pipe may be smaller

private:
    UniqueFd readEnd_;
    UniqueFd writeEnd_;
};

} // namespace bootferry
