// SPDX-License-Identifier: LGPL-2.1-or-later
// Any text as a checksum list: what is found in it is a checksum that can be used.
#include <cstdint>
#include <cstdlib>

#include "argument_values.h"
#include "checksum_list.h"
#include "errors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    static const auto image = bootferry::Url::parse("http://h/a/b");
    std::string found;
    try {
        found = bootferry::findChecksum({reinterpret_cast<const char*>(bytes), size}, image);
    } catch (const bootferry::Error&) {
        return 0;
    }
    if (bootferry::parseChecksum(found) != found) {
        std::abort();
    }
    return 0;
}
