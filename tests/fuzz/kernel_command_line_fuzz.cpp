// SPDX-License-Identifier: LGPL-2.1-or-later
// Any kernel command line, through to the unit files: the generator runs before anybody can look, and it must
// neither crash nor put a line of its own into a unit for what somebody else wrote.
#include "boot_request.h"
#include "fuzz_input.h"
#include "generate_boot.h"
#include "generate_units.h"

using namespace bootferry;
using fuzz::require;

namespace {

std::size_t timesIn(std::string_view text, std::string_view what) {
    std::size_t times = 0;
    for (auto at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1)) {
        ++times;
    }
    return times;
}

void examineUnit(const std::string& text, std::string_view line) {
    require(text.ends_with('\n'));
    const auto isControl = [](char c) { return (c >= 0 && c < ' ' && c != '\n') || c == '\x7f'; };
    require(std::none_of(text.begin(), text.end(), isControl));
    for (const auto* setting : {"\nExecStart=", "\n[Service]", "\n[Unit]", "\nUser="}) {
        require(timesIn(text, setting) <= 1 || timesIn(line, std::string_view(setting).substr(1)) > 0);
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string text(fuzz::FuzzInput(bytes, size).rest());
    const InstalledPaths paths{.bootferryctl = "/usr/bin/bootferryctl",
                               .liveRoot = "/usr/lib/bootferry/bootferry-live-root"};
    const auto boot = generateBoot(KernelCommandLine::parse(text), paths);
    require(!boot.refusal || !boot.refusal->empty());
    require(!(boot.request && boot.refusal));
    if (!boot.files) {
        require(!boot.request && !boot.refusal);
        return 0;
    }
    for (const auto* units : {&boot.files->normal, &boot.files->early}) {
        for (const auto& unit : *units) {
            require(unit.path.find("/../") == std::string::npos && !unit.path.starts_with("../"));
            examineUnit(unit.text, text);
        }
    }
    for (const auto& link : boot.files->network) {
        require(link.name.find('/') == std::string::npos);
        examineUnit(link.text, text);
    }
    return 0;
}
