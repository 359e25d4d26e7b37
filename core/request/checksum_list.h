// SPDX-License-Identifier: LGPL-2.1-or-later
// A list of checksums as servers keep beside their images (SHA256SUMS), and the one line in it that is meant.
// A list that does not name the image, or names it twice with different sums, is an error and never "no
// checksum": whoever gave its URL wants the image verified.
#pragma once

#include <string>
#include <string_view>

#include "url.h"

namespace bootferry {

// The formats of GNU coreutils' sha256sum(1): "HEX  name", "HEX *name", "SHA256 (name) = HEX", each with a
// backslash before it where the name is escaped. sha256 or sha512, by the number of digits. The entry is that
// of the image's file name; where that stands in several folders, of the folders in the URL, too.
// Returns "sha256:HEX" or "sha512:HEX". Throws Error(NotFound, Invalid) that says what to do.
[[nodiscard]] std::string findChecksum(std::string_view list, const Url& image);

} // namespace bootferry
