// SPDX-License-Identifier: LGPL-2.1-or-later
// Where the programs are installed that units run. In tests, $BOOTFERRY_RUNTIME_DIRECTORY replaces the
// folders in /run.
#include <utility>

#include "build_config.h"
#include "environment.h"
#include "files.h"
#include "generate_units.h"

namespace bootferry {

InstalledPaths installedPaths() {
    InstalledPaths paths{BOOTFERRY_BIN_DIR "/bootferryctl", BOOTFERRY_LIBEXEC_DIR "/bootferry-live-root",
                         BOOTFERRY_LIBEXEC_DIR "/bootferry-report", BOOTFERRY_WORKER_USER,
                         BOOTFERRY_IMPORT_CREDENTIAL "=bootferry.cacert"};
    if (auto directory = environment("BOOTFERRY_RUNTIME_DIRECTORY")) {
        paths.runtimeDirectory = std::move(*directory);
        paths.networkDirectory = paths.runtimeDirectory + "/network";
        paths.efiVariables = paths.runtimeDirectory + "/efivars";
        paths.verityTable = paths.runtimeDirectory + "/veritytab";
    } else if (runningInInitrd()) {
        paths.verityTable = "/etc/veritytab"; // outside an initrd, it is the table of another system
    }
    return paths;
}

} // namespace bootferry
