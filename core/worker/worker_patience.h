// SPDX-License-Identifier: LGPL-2.1-or-later
// The time limits of a transfer are the worker's (resuming_source.h), which knows what the network does. A
// worker that is stopped or hangs does not look at its clock, so its supervisor applies them, too, somewhat
// later, until all bytes have arrived: what follows is no longer limited. For the limit of the time without a
// byte, only seconds in which the worker sleeps count: otherwise it may be reading the bytes of an earlier
// fetch, or wait for a disk. Time is counted in intervals, so that time in which the supervisor itself is
// stopped (Ctrl-Z) does not count. Pure.
#pragma once

#include <chrono>
#include <optional>

namespace bootferry {

class WorkerPatience {
public:
    using Duration = std::chrono::microseconds;
    static constexpr Duration interval = std::chrono::seconds(1);
    // For the worker's own end at the limit.
    static constexpr Duration grace = std::chrono::seconds(10);

    // What is seen of the worker at the end of an interval.
    struct Sample {
        Duration elapsed{0};      // since the transfer began
        bool waitsForUs = false;  // for an answer of the supervisor
        bool wasHeard = false;    // the worker has sent something within the interval
        bool isAsleep = false;    // no thread of it runs or waits for a disk
        bool hasReceived = false; // all bytes
    };

    // total: for the whole transfer; idle: without a byte. nullopt: no limit.
    WorkerPatience(std::optional<Duration> total, std::optional<Duration> idle)
        : total_(total), idle_(idle) {}

    [[nodiscard]] bool isLimited() const { return total_ || idle_; }

    // Call after each interval. The limit that the worker has missed, if it has.
    [[nodiscard]] std::optional<Duration> missed(const Sample& now);

private:
    std::optional<Duration> total_;
    std::optional<Duration> idle_;
    Duration late_{0};
    Duration silent_{0};
};

} // namespace bootferry
