// SPDX-License-Identifier: LGPL-2.1-or-later
// The pipe through which splice(2) leads bytes from a socket to a file: the kernel passes on the pages that
// the network filled, and they are copied once instead of twice. It is empty between two calls.
#pragma once

#include "handles.h"

namespace bootferry {

class SplicePipe {
public:
    SplicePipe();

    [[nodiscard]] int writeEnd() const { return writeEnd_.get(); }
    [[nodiscard]] int readEnd() const { return readEnd_.get(); }

    static constexpr int wantedSize = 1 << 20; // bytes; it may be less

private:
    UniqueFd readEnd_;
    UniqueFd writeEnd_;
};

} // namespace bootferry
