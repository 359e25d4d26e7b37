// SPDX-License-Identifier: LGPL-2.1-or-later
// The keys whose signatures are accepted, as one binary keyring for gpgv(1). They come from this machine:
// files of the initrd, or a credential. gpgv reads no armoured keys, so the armour (RFC 4880, section 6) is
// removed here.
#pragma once

#include <string>
#include <string_view>

namespace bootferry {

// text: exported keys, binary ("gpg --export") or armoured ("gpg --armor --export"). name: for people. Throws
// Error(Invalid) that says what to do.
[[nodiscard]] std::string binaryKeys(std::string_view text, const std::string& name);

[[nodiscard]] std::string keysFromFile(const std::string& path); // throws Error

// The keys of all files *.gpg and *.asc in the folder; empty if there are none. Throws Error.
[[nodiscard]] std::string keysFromFolder(const std::string& folder);

} // namespace bootferry
