// SPDX-License-Identifier: LGPL-2.1-or-later
// Limits the rate of a source, for all plugins: reads are small, and each one waits until the previous one is
// due at this rate. Unread data fills the kernel's buffers, so that flow control slows the sender down. Pure:
// times in, times out.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace bootferry {

class RatePace {
public:
    using Clock = std::chrono::steady_clock;

    // bytesPerSecond: at least 1; nullopt: no limit.
    explicit RatePace(std::optional<std::uint64_t> bytesPerSecond) : rate_(bytesPerSecond) {}

    // How many of the `wanted` bytes to read at once: the number for a tenth of a second, at least one.
    [[nodiscard]] std::size_t portion(std::size_t wanted) const;

    // Call after a read of this many bytes that began at `begun`.
    void count(std::size_t bytes, Clock::time_point begun);

    // When the next read may begin.
    [[nodiscard]] Clock::time_point next() const { return next_; }

private:
    std::optional<std::uint64_t> rate_;
    Clock::time_point next_ = Clock::time_point::min();
};

} // namespace bootferry
