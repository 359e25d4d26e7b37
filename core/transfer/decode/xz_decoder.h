// SPDX-License-Identifier: LGPL-2.1-or-later
// xz by liblzma: one stream or many, stream padding between and behind them ("The .xz File Format" §2.2). A
// file of more than one block, as xz -T writes them, is decoded on all processors where liblzma can (5.4).
#pragma once

#include <memory>

#include "decoder.h"

namespace bootferry {

[[nodiscard]] std::unique_ptr<Decoder> makeXzDecoder();

} // namespace bootferry
