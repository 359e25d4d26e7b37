// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads the small files that options name: secrets, options, checksum lists. Unlike other small files they
// must exist.
#pragma once

#include <string>
#include <string_view>

#include "url.h"

namespace bootferry {

// Throws Error: the code is fileErrorCode()'s (files.h), and Invalid for a file that is larger than any such
// file.
[[nodiscard]] std::string readNamedFile(const std::string& path);

// The value of --checksum= that is neither a checksum nor a URL. If there is no such file, the message names
// the forms of a checksum, since the value may be a mistyped one.
//
// Returns the image's checksum in the list. A fault in a local list is Invalid, not Checksum as in a list
// from a server: whoever names the list can correct it.
[[nodiscard]] std::string checksumFromFile(const std::string& path, const Url& image);

// Whether the value of --checksum= is the name of a local list, and neither a URL nor a checksum, right or
// wrong.
[[nodiscard]] bool namesList(std::string_view checksum);

} // namespace bootferry
