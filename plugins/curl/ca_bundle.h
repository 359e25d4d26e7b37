// SPDX-License-Identifier: LGPL-2.1-or-later
// Where the certificate authorities lie. libcurl knows the one place of the distribution it was built for; an
// initrd may be built from another layout, or hold the bundle only where its own distribution's tools look.
#pragma once

#include <string>

namespace bootferry::curl {

// The first bundle that is there and can be read; empty: there is none. `root` is put before each path.
[[nodiscard]] std::string findCaBundle(const std::string& root = "");

} // namespace bootferry::curl
