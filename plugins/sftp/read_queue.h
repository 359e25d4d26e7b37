// SPDX-License-Identifier: LGPL-2.1-or-later
// The requested pieces of the file, in the file's order. Servers usually answer in the order of the requests,
// so the bytes of the first piece go straight to the reader. They may answer in another order, or with fewer
// bytes than requested: early answers are kept, and the rest of a short answer is requested again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

namespace bootferry::sftp {

class ReadQueue {
public:
    struct Piece {
        std::uint32_t id;
        std::uint64_t offset;
        std::uint32_t length;
    };

    // size: where there is nothing more to be asked for; unknown: nowhere, and the server says it.
    ReadQueue(std::uint64_t offset, std::optional<std::uint64_t> size) : next_(offset), size_(size) {}

    // What to ask for now, so that up to `wanted` bytes are in flight; often nothing, so that requests go out
    // several at a time.
    [[nodiscard]] std::vector<Piece> refill(std::size_t wanted);

    // The answer to request `id` begins: `length` bytes. They go where this points to; nowhere: they are the
    // first piece's, and the reader's. Both throw Failure(PROTOCOL) for an answer to no question.
    [[nodiscard]] std::span<std::byte> expectData(std::uint32_t id, std::uint32_t length);
    void takeStatus(std::uint32_t id, std::uint32_t status);

    // So many bytes of the first piece have been passed on.
    void delivered(std::size_t count);
    // Copies what came early of the first piece, and counts it as delivered.
    [[nodiscard]] std::size_t takeEarly(std::span<std::byte> into);
    // What the server answered instead of the first piece's bytes.
    [[nodiscard]] std::optional<std::uint32_t> status() const;

private:
    struct Entry {
        std::optional<std::uint32_t> id; // none: it is still to be asked for
        std::uint64_t offset;
        std::uint32_t length; // that has not been delivered
        bool answered = false;
        std::optional<std::uint32_t> status{};
        std::vector<std::byte> early{};
    };
    std::size_t find(std::uint32_t id) const;

    std::deque<Entry> entries_;
    std::uint64_t next_;
    std::optional<std::uint64_t> size_;
    std::uint64_t inFlight_ = 0; // bytes of all entries
    std::uint32_t lastId_ = 0;
};

} // namespace bootferry::sftp
