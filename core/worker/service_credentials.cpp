// SPDX-License-Identifier: LGPL-2.1-or-later
#include "service_credentials.h"

#include <filesystem>
#include <string>
#include <string_view>

#include "environment.h"
#include "files.h"

namespace bootferry {
Credentials readServiceCredentials() {
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
    const auto runtime = environment("BOOTFERRY_RUNTIME_DIRECTORY", "/run/bootferry");
    const bool isServerUnnamed = std::filesystem::exists(runtime + "/" + serverFromNetworkFile);
    return isServerUnnamed ? withoutUnnamedServer(credentials) : credentials;
}

} // namespace bootferry
