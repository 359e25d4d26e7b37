// SPDX-License-Identifier: LGPL-2.1-or-later
// Finds the bundle of certificate authorities. libcurl knows only the path of the distribution it was built
// for; an initrd may have the bundle elsewhere.
#pragma once

#include <string>

namespace bootferry::curl {

// The first readable bundle; empty: there is none. `root` is put before each path.
[[nodiscard]] std::string findCaBundle(const std::string& root = "");

} // namespace bootferry::curl
