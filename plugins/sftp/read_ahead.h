// SPDX-License-Identifier: LGPL-2.1-or-later
// How much of the file is requested before it is read: enough to fill the line, but not more, since
//
//   - bytes in flight when a connection breaks are fetched twice. They are limited to a tenth of what this
//   connection
//     has delivered; on the first connection, to a twenty-fifth of the file from the start, so that a long
//     line is filled at once.
//   - a near server needs few requests in flight; more only wait in its queues.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace bootferry::sftp {

class ReadAhead {
public:
    // roundTrip: from a request to its answer. offset: where the file is read from; behind its beginning,
    // another connection broke there. size: of the file, where the server tells it.
    ReadAhead(std::chrono::microseconds roundTrip, std::uint64_t offset, std::optional<std::uint64_t> size);

    // Bytes, and never less for more.
    [[nodiscard]] std::size_t after(std::uint64_t received) const;

private:
    std::uint64_t atFirst_;
    std::uint64_t atMost_;
};

} // namespace bootferry::sftp
