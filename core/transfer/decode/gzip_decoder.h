// SPDX-License-Identifier: LGPL-2.1-or-later
// gzip by zlib: one member or many (RFC 1952 §2.2), as gzip -d takes them: zeros behind the last member are
// padding, anything else behind it is ignored with a warning.
#pragma once

#include <memory>

#include "decoder.h"

namespace bootferry {

[[nodiscard]] std::unique_ptr<Decoder> makeGzipDecoder();

} // namespace bootferry
