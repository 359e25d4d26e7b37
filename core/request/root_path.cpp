// SPDX-License-Identifier: LGPL-2.1-or-later
// The lease comes from the network: it chooses the server of the image, and no disk of this machine.
#include "root_path.h"

#include <string_view>
#include <utility>
#include <vector>

#include <spdlog/fmt/fmt.h>

#include "boot_source.h"
#include "errors.h"
#include "shown_argument.h"

namespace bootferry {
namespace {

constexpr std::string_view live = "live:";

// No medium of this machine, nor what a URL resembles.
void requireImageUrl(const std::string& rootPath) {
    try {
        const auto source = rootPath.substr(live.size());
        const auto image = onDemandSource(source).value_or(source);
        if (localMedium(source) || localMedium(image)) {
            throw Error(ErrorCode::Invalid, "a medium of this machine");
        }
        (void)Url::parse(image);
    } catch (const Error& error) {
        throw Error(ErrorCode::Invalid,
                    fmt::format("the DHCP server's root path (option 17) is '{}': expected live: "
                                "and the URL of an image ({})",
                                shownWord(rootPath), error.what()));
    }
}

} // namespace

bool asksForRootPath(const KernelCommandLine& line) {
    const auto* root = line.find("root");
    return root != nullptr && root->value == "dhcp";
}

KernelCommandLine withRootPath(const KernelCommandLine& line, const std::optional<std::string>& rootPath) {
    if (!rootPath || !asksForRootPath(line)) {
        return line;
    }
    const auto text = rootPath->substr(0, rootPath->find('\n'));
    if (!text.starts_with(live)) {
        return line;
    }
    requireImageUrl(text);
    auto arguments = line.arguments();
    for (auto& argument : arguments) {
        if (argument.is("root") && argument.value == "dhcp") {
            argument.value = text;
        }
    }
    return KernelCommandLine(std::move(arguments));
}

} // namespace bootferry
