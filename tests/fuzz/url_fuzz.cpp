// SPDX-License-Identifier: LGPL-2.1-or-later
// Any text as a URL: what is accepted is read the same again from what it is shown as, and shows no userinfo.
#include <cstdint>
#include <cstdlib>

#include "errors.h"
#include "url.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    try {
        const auto url = bootferry::Url::parse({reinterpret_cast<const char*>(bytes), size});
        const auto again = bootferry::Url::parse(url.redacted());
        if (again.redacted() != url.redacted() || again.userinfo()) {
            std::abort();
        }
        (void)url.decodedPath();
    } catch (const bootferry::Error&) {
        return 0;
    }
    return 0;
}
