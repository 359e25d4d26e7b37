// SPDX-License-Identifier: LGPL-2.1-or-later
// Decodes gzip with zlib: one or more members (RFC 1952 §2.2). As in gzip -d, zeros after the last member are
// padding, and other trailing data is ignored with a warning.
#pragma once

#include <memory>

#include "decoder.h"

namespace bootferry {

[[nodiscard]] std::unique_ptr<Decoder> makeGzipDecoder();

} // namespace bootferry
