// SPDX-License-Identifier: LGPL-2.1-or-later
// The byte stream to the server's sftp subsystem. An end is returned and not thrown, because only the caller
// knows the stage that it ended; Failures of the waiter pass through.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "ssh_connection.h"

namespace bootferry::sftp {

class SftpChannel {
public:
    explicit SftpChannel(SshConnection& connection);

    [[nodiscard]] bool open(); // false: the server refused, or is gone
    [[nodiscard]] bool send(std::string_view bytes);

    // At least one byte; 0: there will be none any more.
    [[nodiscard]] std::size_t receive(std::span<std::byte> into);

    // Lets the server send this much without being heard, which a long line needs: libssh 0.10 lets it send
    // 1.25 MB by itself.
    void keepWindow(std::size_t bytes);

    [[nodiscard]] bool isEnded() const;

private:
    SshConnection& connection_;
    ChannelHandle channel_;
    std::size_t window_ = 0; // that the server may send at least, as far as it was widened here
    std::unique_ptr<std::byte[]> spare_;
    std::span<const std::byte> early_; // of spare_: what came while the window was widened
};

} // namespace bootferry::sftp
