// SPDX-License-Identifier: LGPL-2.1-or-later
// The sftp plugin's table. Nothing but the border between C and SftpSession.
#include "session_table.h"
#include "sftp_session.h"

struct bootferry_session : bootferry::sftp::SftpSession {
    using SftpSession::SftpSession;
};

const bootferry_plugin* bootferry_plugin_entry() {
    static constexpr const char* schemes[] = {"sftp", nullptr};
    static const auto table = bootferry::plugin::tableOf<bootferry_session>({
        .name = "sftp",
        .version = BOOTFERRY_PLUGIN_VERSION,
        .schemes = schemes,
        .options = bootferry::sftp::SftpOptions::described(),
    });
    return &table;
}
