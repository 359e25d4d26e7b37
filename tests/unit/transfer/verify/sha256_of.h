// SPDX-License-Identifier: LGPL-2.1-or-later
// The expected checksum of a stream of these bytes, computed by a Digest in one piece.
#pragma once

#include <span>
#include <string_view>

#include "digest.h"

namespace bootferry {

inline Checksum sha256Of(std::string_view content) {
    Digest digest("sha256");
    digest.update(std::as_bytes(std::span(content)));
    return digest.finish();
}

} // namespace bootferry
