// SPDX-License-Identifier: LGPL-2.1-or-later
// Finds the image's checksum in a list such as SHA256SUMS, which servers keep beside their images. A list
// that does not name the image, or names it with different checksums, is an error and never "no checksum":
// giving the URL of a list requests verification.
#pragma once

#include <string>
#include <string_view>

#include "url.h"

namespace bootferry {

// The formats of GNU coreutils' sha256sum(1): "HEX  name", "HEX *name", "HEX name" (or a tab),
// "SHA256 (name) = HEX", "SHA256(name)= HEX", each with a backslash in front if the name is escaped; lines
// may end with CRLF, and other lines are skipped (the armour of a signature). Where no algorithm is named,
// the number of digits decides between sha256 and sha512. An entry matches by file name; if several do, those
// whose folders match the URL's path are preferred. Returns "sha256:HEX" or "sha512:HEX". Throws an Error
// that says what to do: NotFound without an entry, Checksum for an unusable list, Invalid for a URL without a
// file name.
[[nodiscard]] std::string findChecksum(std::string_view list, const Url& image);

} // namespace bootferry
