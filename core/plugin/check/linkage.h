// SPDX-License-Identifier: LGPL-2.1-or-later
// Whether a module loads in a process that has no library but its own, as ldd -r finds it out: a library that
// it uses and does not name (DT_NEEDED) is there in one program by chance, and missing in the next.
#pragma once

#include <string>
#include <vector>

namespace bootferry {

// The symbols that neither the module nor the libraries it names define. Also empty if the dynamic linker
// cannot tell.
[[nodiscard]] std::vector<std::string> undefinedSymbols(const std::string& modulePath);

} // namespace bootferry
