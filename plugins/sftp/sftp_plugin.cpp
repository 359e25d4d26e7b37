// SPDX-License-Identifier: LGPL-2.1-or-later
// The sftp plugin's table. Only connects the C interface with SftpSession.
#include "sftp_session.h"

const bootferry_plugin* bootferry_plugin_entry() {
    static constexpr const char* schemes[] = {"sftp", nullptr};
    return bootferry::kit::table<bootferry::sftp::SftpSession>({
        .name = "sftp",
        .version = BOOTFERRY_PLUGIN_VERSION,
        .schemes = schemes,
        .options = bootferry::sftp::SftpOptions::described(),
    });
}
