// SPDX-License-Identifier: LGPL-2.1-or-later
// A ring buffer with one producer and several consumers, each at its own pace: bytes stay until the slowest
// consumer has taken them, at most as many as the capacity. Positions count from the first byte of the
// stream. It has no lock: only one side touches the bytes between two positions, and the caller guards the
// positions.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace bootferry::dolly {

class Ring {
public:
    // Not initialised: the kernel allocates the memory at the first write.
    explicit Ring(std::size_t capacity) : capacity_(capacity), bytes_(new std::byte[capacity]) {}

    // The bytes from `first` to `end`, up to where the ring wraps. end - first is at most the capacity.
    [[nodiscard]] std::span<std::byte> piece(std::uint64_t first, std::uint64_t end) {
        const auto offset = static_cast<std::size_t>(first % capacity_);
        const auto length =
            static_cast<std::size_t>(std::min<std::uint64_t>(end - first, capacity_ - offset));
        return {bytes_.get() + offset, length};
    }

    [[nodiscard]] std::size_t capacity() const { return capacity_; }

private:
    std::size_t capacity_;
    std::unique_ptr<std::byte[]> bytes_;
};

// Which of several connections carries the byte at a position, and where its block ends: dolly changes the
// connection after each block.
struct Stripes {
    std::size_t blockSize = 1;
    std::size_t connections = 1;

    [[nodiscard]] std::size_t connectionAt(std::uint64_t position) const {
        return static_cast<std::size_t>(position / blockSize % connections);
    }
    [[nodiscard]] std::uint64_t blockEnd(std::uint64_t position) const {
        return connections == 1 ? UINT64_MAX : position - position % blockSize + blockSize;
    }
};

} // namespace bootferry::dolly
