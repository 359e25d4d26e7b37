// SPDX-License-Identifier: LGPL-2.1-or-later
#include "splice_pipe.h"

#include <tuple>

namespace bootferry {

SplicePipe::SplicePipe() {
    std::tie(readEnd_, writeEnd_) = makeLargePipe();
}

} // namespace bootferry
