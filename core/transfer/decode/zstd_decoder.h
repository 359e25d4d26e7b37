// SPDX-License-Identifier: LGPL-2.1-or-later
// Decodes zstd with libzstd: one or more frames, skippable frames included (RFC 8878 §3.1). As in zstd -d,
// other data is an error.
#pragma once

#include <memory>

#include "decoder.h"

namespace bootferry {

[[nodiscard]] std::unique_ptr<Decoder> makeZstdDecoder();

} // namespace bootferry
