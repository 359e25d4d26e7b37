// SPDX-License-Identifier: LGPL-2.1-or-later
// curl's option limit-rate, enforced by the reader as well: libcurl restarts its count whenever a paused
// transfer resumes (seen in 8.23), which here is after every read, so that its own limit would never be
// reached. The limit of a whole transfer, whatever its plugin, is the core's (rate_pace.h).
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace bootferry::curl {

class LimitRateOption {
public:
    using Clock = std::chrono::steady_clock;

    // Bytes a second; 0: no limit.
    explicit LimitRateOption(std::uint64_t rate, Clock::time_point start = Clock::now())
        : rate_(rate), start_(start) {}

    // How much to read at once, at most: what comes in a quarter of a second, so that no wait is long.
    [[nodiscard]] std::size_t most(std::size_t wanted) const {
        return rate_ == 0 ? wanted : std::min<std::uint64_t>(wanted, std::max<std::uint64_t>(rate_ / 4, 1));
    }

    void count(std::size_t bytes) { bytes_ += bytes; }

    // Until the next read.
    [[nodiscard]] std::chrono::milliseconds wait(Clock::time_point now = Clock::now()) const {
        if (rate_ == 0) {
            return {};
        }
        const auto due = start_ + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(
                                      static_cast<double>(bytes_) / static_cast<double>(rate_)));
        return std::max(std::chrono::ceil<std::chrono::milliseconds>(due - now),
                        std::chrono::milliseconds(0));
    }

private:
    std::uint64_t rate_;
    Clock::time_point start_;
    std::uint64_t bytes_ = 0;
};

} // namespace bootferry::curl
