// SPDX-License-Identifier: LGPL-2.1-or-later
// Decodes xz with liblzma: one or more streams with stream padding ("The .xz File Format" §2.2). Files of
// several blocks, as xz -T writes them, are decoded on all processors with liblzma 5.4 or newer.
#pragma once

#include <memory>

#include "decoder.h"

namespace bootferry {

[[nodiscard]] std::unique_ptr<Decoder> makeXzDecoder();

} // namespace bootferry
