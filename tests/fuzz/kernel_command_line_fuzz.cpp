// SPDX-License-Identifier: LGPL-2.1-or-later
// Any kernel command line, through to the unit files: the generator runs before anybody can look, and it must
// neither crash nor put a line of its own into a unit for what somebody else wrote.
#include <cstdint>
#include <cstdlib>

#include "boot_request.h"
#include "errors.h"
#include "generate_units.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(bytes), size);
    const bootferry::InstalledPaths paths{.bootferryctl = "/usr/bin/bootferryctl",
                                          .liveRoot = "/usr/lib/bootferry/bootferry-live-root"};
    try {
        const auto line = bootferry::KernelCommandLine::parse(text);
        const auto request = bootferry::parseBootRequest(line);
        if (!request) {
            return 0;
        }
        for (const auto& unit : bootferry::generateUnits(*request, paths).normal) {
            const auto begin = unit.text.find("ExecStart=");
            if (begin != std::string::npos && unit.text.find("ExecStart=", begin + 1) != std::string::npos &&
                text.find("ExecStart=") == std::string::npos) {
                std::abort();
            }
        }
    } catch (const bootferry::Error& error) {
        (void)bootferry::generateRefusal(error.what(), paths);
    }
    return 0;
}
