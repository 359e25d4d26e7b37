// SPDX-License-Identifier: LGPL-2.1-or-later
// Decides how many connections a transfer uses, from the measured rates alone: pure arithmetic, without a
// clock. A transfer begins with one connection; more are tried only if the server is far away and slow. They
// are kept only if they are clearly faster: if a thousand machines share the server and its line is the
// limit, more connections of one machine only slow down the others.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace bootferry {

struct WideningLimits {
    using Duration = std::chrono::steady_clock::duration;

    unsigned connections = 6;
    // Opening a connection takes two round trips or more; longer than this is not a server nearby.
    Duration farAway = std::chrono::milliseconds(50);
    // Bytes per second. At this rate and a round trip of 100 ms, the buffers of six connections would not
    // double the rate any more.
    double fast = 16e6;
    // Bytes. A smaller rest arrives before more connections have been measured.
    std::uint64_t leastRest = std::uint64_t{16} << 20U;
    // New connections are slow at first, so measuring begins after the warm-up.
    Duration warmUp = std::chrono::milliseconds(500);
    Duration measuring = std::chrono::milliseconds(1000);
    // More connections are kept if the rate grows by this factor.
    double growth = 1.25;
};

class WideningPolicy {
public:
    using Duration = WideningLimits::Duration;

    // opening: the time it took to open the first connection.
    WideningPolicy(const WideningLimits& limits, Duration opening);

    // Call after each read: how long it blocked, how many bytes it returned, and how many are left. Only time
    // spent in reads counts, so that a slow target does not make a connection look slow.
    void add(Duration waited, std::size_t bytes, std::uint64_t left);

    // The number of connections to use now.
    [[nodiscard]] unsigned connections() const { return connections_; }
    // The last measured rate, bytes per second.
    [[nodiscard]] std::uint64_t rate() const { return static_cast<std::uint64_t>(rate_); }

    // Sets the number of connections for the rest of the transfer.
    void fixAt(unsigned connections);

private:
    void judge(double rate, std::uint64_t left);
    [[nodiscard]] bool worthTrying(double rate, std::uint64_t left) const;

    WideningLimits limits_;
    unsigned connections_ = 1;
    unsigned before_ = 1; // the previous number of connections, which reached rate_
    double rate_ = 0;
    bool fixed_;
    Duration waited_{}; // since the number of connections changed
    Duration measured_{};
    std::uint64_t bytes_ = 0; // during measured_
};

} // namespace bootferry
