// SPDX-License-Identifier: LGPL-2.1-or-later
// How fast it goes now: the mean over the last few seconds. The mean since the start would hide that a
// transfer has slowed down, and the last interval alone would make the time left jump about.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>

namespace bootferry {

class RateMeter {
public:
    using Time = std::chrono::steady_clock::time_point;

    // Fewer bytes than before (the transfer started over) begin a new measurement.
    void add(Time now, std::uint64_t bytes);

    // Bytes a second; 0 as long as there is nothing to tell.
    [[nodiscard]] std::uint64_t rate() const;
    // Absent while the rate or the total is not known.
    [[nodiscard]] std::optional<std::chrono::microseconds> remaining(std::uint64_t total) const;

private:
    struct Sample {
        Time time;
        std::uint64_t bytes;
    };
    std::deque<Sample> samples_;
};

} // namespace bootferry
