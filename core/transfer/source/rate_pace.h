// SPDX-License-Identifier: LGPL-2.1-or-later
// Keeps a source at or below a rate, whichever plugin it is: reads are made small, and each waits until the
// one before it would have taken its time. A sender is slowed down by its own flow control, since what is not
// read fills the kernel's buffers. Pure: times in, times out.
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

    // How much of `wanted` to read at once: what is due in a tenth of a second, at least a byte.
    [[nodiscard]] std::size_t portion(std::size_t wanted) const;

    // A read of so many bytes began at `begun`.
    void count(std::size_t bytes, Clock::time_point begun);

    // When the next read may begin.
    [[nodiscard]] Clock::time_point next() const { return next_; }

private:
    std::optional<std::uint64_t> rate_;
    Clock::time_point next_ = Clock::time_point::min();
};

} // namespace bootferry
