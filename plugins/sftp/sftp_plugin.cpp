// SPDX-License-Identifier: LGPL-2.1-or-later
// The sftp plugin's table. Nothing but the border between C and SftpSession.
#include <libssh2.h>

#include "session_table.h"
#include "sftp_session.h"

struct bootferry_session : bootferry::sftp::SftpSession {
    using SftpSession::SftpSession;
};

const bootferry_plugin* bootferry_plugin_entry() {
    if (libssh2_init(0) != 0) {
        return nullptr;
    }
    static constexpr const char* schemes[] = {"sftp", nullptr};
    static const auto table = bootferry::plugin::tableOf<bootferry_session>({
        .name = "sftp",
        .version = BOOTFERRY_PLUGIN_VERSION,
        .schemes = schemes,
        .options = bootferry::sftp::SftpOptions::described(),
    });
    return &table;
}
