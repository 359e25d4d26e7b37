// SPDX-License-Identifier: LGPL-2.1-or-later
#include "service_credentials.h"

#include <filesystem>
#include <string>
#include <string_view>

#include <spdlog/fmt/fmt.h>

#include "environment.h"
#include "files.h"
#include "log.h"

namespace bootferry {
namespace {

Credentials withhold(const Credentials& all) {
    auto kept = withoutUnnamedServer(all);
    std::string withheld;
    for (const auto& [name, value] : all) {
        if (kept.find(name) == kept.end()) {
            withheld += fmt::format("{}bootferry.{}", withheld.empty() ? "" : ", ", name);
        }
    }
    if (!withheld.empty()) {
        logInfo(
            fmt::format("the network has chosen the server, so it does not get these credentials: {} (with "
                        ".HOST behind the name, that server would get them)",
                        withheld));
    }
    return kept;
}

} // namespace

Credentials readServiceCredentials(bool inInitrd) {
    constexpr std::string_view prefix = "bootferry.";
    constexpr std::string_view ofLiveRoot = "bootferry.passphrase"; // of the disk: no server's, no plugin's
    Credentials credentials;
    for (const auto& folder : {environment("BOOTFERRY_SYSTEM_CREDENTIALS", "/run/credentials/@system"),
                               environment("CREDENTIALS_DIRECTORY", "")}) {
        std::error_code none;
        for (const auto& entry : std::filesystem::directory_iterator(folder, none)) {
            const auto name = entry.path().filename().string();
            if (name.starts_with(prefix) && name != ofLiveRoot) {
                credentials[name.substr(prefix.size())] = readSmallFile(entry.path()).value_or("");
            }
        }
    }
    // A line end, as echo and editors write it, is not part of the value. "user.HOST": the user for that
    // server.
    for (auto& [name, value] : credentials) {
        const auto kind = std::string_view(name).substr(0, name.find('.'));
        if ((kind == "user" || kind == "password" || kind == "sshkey_passphrase") && value.ends_with('\n')) {
            value.pop_back();
            if (value.ends_with('\r')) {
                value.pop_back();
            }
        }
    }
    // The file is about this boot. It stays for the booted system, whose transfers are others.
    const auto runtime = environment("BOOTFERRY_RUNTIME_DIRECTORY", "/run/bootferry");
    const bool isServerUnnamed = inInitrd && std::filesystem::exists(runtime + "/" + serverFromNetworkFile);
    return isServerUnnamed ? withhold(credentials) : credentials;
}

} // namespace bootferry
