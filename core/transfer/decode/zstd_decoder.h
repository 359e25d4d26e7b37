// SPDX-License-Identifier: LGPL-2.1-or-later
// zstd by libzstd: one frame or many, skippable frames among them (RFC 8878 §3.1). Nothing but frames may
// stand in a file, as zstd -d has it.
#pragma once

#include <memory>

#include "decoder.h"

namespace bootferry {

[[nodiscard]] std::unique_ptr<Decoder> makeZstdDecoder();

} // namespace bootferry
