// SPDX-License-Identifier: LGPL-2.1-or-later
// How much of the file is asked for before it is read. As much as the line can use, and as little as a
// connection that breaks asks for:
//
//   - What is in flight when a connection breaks is fetched twice. It is a tenth of what came over the
//     connection; where nothing has broken yet, a twenty-fifth of the file from the beginning, so that a long
//     line is full at once.
//   - A server that is near is kept busy by little. More only waits in its queues.
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
