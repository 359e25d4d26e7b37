// SPDX-License-Identifier: LGPL-2.1-or-later
// The size of the buffer for libssh2_sftp_read. It also determines how much is in flight, since libssh2
// requests four times as much ahead, at most 8 MiB (sftp.c, sftp_read). The buffer is just large enough to
// fill the line, because
//
//   - bytes in flight when a connection breaks are fetched twice. They are limited to a tenth of what this
//     connection has delivered; on the first connection, to a twenty-fifth of the file from the start, so
//     that a long line is filled at once.
//   - a near server needs few requests in flight; more only wait in libssh2's lists, which it walks for each
//     answer.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace bootferry::sftp {

class ReadAhead {
public:
    // roundTrip: from a request to its answer. offset: where reading begins; if it is not 0, an earlier
    // connection broke there. size: of the file, if the server reports it.
    ReadAhead(std::chrono::microseconds roundTrip, std::uint64_t offset, std::optional<std::uint64_t> size);

    // The size in bytes for this number of delivered bytes: a multiple of 32 KiB that never decreases.
    [[nodiscard]] std::size_t bufferAfter(std::uint64_t received) const;

private:
    std::uint64_t atFirst_;
    std::uint64_t atMost_;
};

} // namespace bootferry::sftp
