// SPDX-License-Identifier: LGPL-2.1-or-later
// Where the programs are installed that units run. In tests, $BOOTFERRY_RUNTIME_DIRECTORY replaces the
// folders in /run.
#include <string_view>
#include <utility>

#include <spdlog/fmt/fmt.h>

#include "build_config.h"
#include "environment.h"
#include "files.h"
#include "generate_units.h"

namespace bootferry {

namespace {

// As in bootferryd.service. systemd before 254 has each named.
std::string credentials() {
    constexpr std::string_view setting = BOOTFERRY_IMPORT_CREDENTIAL;
    if (setting == "ImportCredential") {
        return "ImportCredential=bootferry.*";
    }
    std::string lines;
    for (const char* name : {"cacert", "sshkey", "sshkey_passphrase", "known_hosts", "user", "password"}) {
        lines += fmt::format("{}{}=bootferry.{}", lines.empty() ? "" : "\n", setting, name);
    }
    return lines;
}

} // namespace

InstalledPaths installedPaths() {
    InstalledPaths paths{BOOTFERRY_BIN_DIR "/bootferryctl",
                         BOOTFERRY_LIBEXEC_DIR "/bootferry-live-root",
                         BOOTFERRY_LIBEXEC_DIR "/bootferry-report",
                         BOOTFERRY_WORKER_USER,
                         BOOTFERRY_IMPORT_CREDENTIAL "=bootferry.cacert",
                         BOOTFERRY_LIBEXEC_DIR "/bootferryd",
                         credentials()};
    if (auto directory = environment("BOOTFERRY_RUNTIME_DIRECTORY")) {
        paths.runtimeDirectory = std::move(*directory);
        paths.networkDirectory = paths.runtimeDirectory + "/network";
        paths.lastingDirectory = paths.runtimeDirectory + "/system";
        paths.efiVariables = paths.runtimeDirectory + "/efivars";
        paths.verityTable = paths.runtimeDirectory + "/veritytab";
    } else if (runningInInitrd()) {
        paths.verityTable = "/etc/veritytab"; // outside an initrd, it is the table of another system
    }
    return paths;
}

} // namespace bootferry
