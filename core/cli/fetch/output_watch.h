// SPDX-License-Identifier: LGPL-2.1-or-later
// A pipe whose reader does not read holds up the worker in write(2), where it notices neither the time limit
// of the transfer nor anything else. So this side applies both limits of a fetch while the output takes no
// bytes; while it does, they are the worker's (resuming_source.h), which knows what the network does. A
// slow reader is not a stuck one. Time in which this program is stopped (Ctrl-Z) does not count: time is
// added up in intervals, and the output is examined at the end of each.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>

#include "handles.h"

namespace bootferry {

// Pure.
class OutputPatience {
public:
    using Duration = std::chrono::microseconds;
    static constexpr Duration interval = std::chrono::seconds(1);

    // What is seen of the output at the end of an interval.
    struct Sample {
        bool isFull = false;      // no byte can be written
        std::uint64_t queued = 0; // bytes that the reader has not taken yet; 0 if that is not known
        std::uint64_t written = 0;
        bool operator==(const Sample&) const = default;
    };

    // total: for the whole fetch; idle: without a byte. nullopt: no limit.
    OutputPatience(std::optional<Duration> total, std::optional<Duration> idle)
        : total_(total), idle_(idle) {}

    // Call after each interval; elapsed: since the fetch began. The limit that was reached while the output
    // took no bytes, if one was.
    [[nodiscard]] std::optional<Duration> reached(const Sample& now, Duration elapsed);

private:
    std::optional<Duration> total_;
    std::optional<Duration> idle_;
    Sample last_;
    Duration stuck_{0};
};

class OutputWatch {
public:
    // stream: stays open as long as this exists. onStuck: called once, with the limit that was reached.
    // Throws Error.
    OutputWatch(sd_event* event, int stream, OutputPatience patience,
                std::function<void(OutputPatience::Duration)> onStuck);

    void written(std::uint64_t bytes) { written_ = bytes; }

private:
    void schedule();
    static int onInterval(sd_event_source* source, std::uint64_t usec, void* userdata);

    sd_event* event_;
    int stream_;
    OutputPatience patience_;
    std::function<void(OutputPatience::Duration)> onStuck_;
    std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
    std::uint64_t written_ = 0;
    EventSourceHandle timer_;
};

} // namespace bootferry
