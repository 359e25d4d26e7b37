// SPDX-License-Identifier: LGPL-2.1-or-later
// The current rate of a transfer: the mean over the last five seconds. The mean since the start would hide
// that a transfer has slowed down, and with shorter intervals the remaining time would jump about.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>

namespace bootferry {

class RateMeter {
public:
    using Time = std::chrono::steady_clock::time_point;

    // bytes: in total. Fewer than before (the transfer started over) begin a new measurement.
    void add(Time now, std::uint64_t bytes);

    // Bytes per second; 0 while it is not known.
    [[nodiscard]] std::uint64_t rate() const;
    // nullopt while the rate or the total is not known.
    [[nodiscard]] std::optional<std::chrono::microseconds> remaining(std::uint64_t total) const;

private:
    struct Sample {
        Time time;
        std::uint64_t bytes;
    };
    std::deque<Sample> samples_;
};

} // namespace bootferry
