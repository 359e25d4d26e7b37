// SPDX-License-Identifier: LGPL-2.1-or-later
// How large a buffer libssh2 is given. That is how much is in flight as well, for it asks ahead for four
// times as much. The buffer is as large as the line can use, and as small as a connection that breaks asks
// for:
//
//   - What is in flight when a connection breaks is fetched twice. It is a tenth of what came over the
//     connection; where nothing has broken yet, a twenty-fifth of the file from the beginning, so that a long
//     line is full at once.
//   - A server that is near is kept busy by little. More only lies in memory, in libssh2's queue, and costs
//     processor time there.
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

    // Bytes, a power of two, and never less for more: libssh2 counts on that.
    [[nodiscard]] std::size_t bufferAfter(std::uint64_t received) const;

private:
    std::uint64_t atFirst_;
    std::uint64_t atMost_;
};

} // namespace bootferry::sftp
