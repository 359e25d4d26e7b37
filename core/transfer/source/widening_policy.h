// SPDX-License-Identifier: LGPL-2.1-or-later
// How many connections a transfer is to use, from nothing but what reading brought: pure arithmetic, without
// a clock. It begins with one, and more are tried only where one was far away and slow. What is tried stays
// only if it clearly brought more: a thousand machines may share the server, and where its line is the limit
// more connections take from the others what they bring.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace bootferry {

struct WideningLimits {
    using Duration = std::chrono::steady_clock::duration;

    unsigned connections = 6;
    // From opening to the first bytes, two round trips and more: no server in the same building.
    Duration farAway = std::chrono::milliseconds(50);
    // Bytes a second. Above it, at 100 ms, so much comes in a round trip that the buffers there are for six
    // connections would no longer bring twice as much.
    double fast = 16e6;
    // Bytes; less is there before it is known what more connections bring.
    std::uint64_t worthIt = std::uint64_t{16} << 20U;
    // Connections are slow while they are new: a rate is measured only after the one, over the other.
    Duration settling = std::chrono::milliseconds(500);
    Duration measuring = std::chrono::milliseconds(1000);
    // How many times faster is clearly faster.
    double growth = 1.25;
};

class WideningPolicy {
public:
    using Duration = WideningLimits::Duration;

    // opening: how long it took until the first bytes were there.
    WideningPolicy(const WideningLimits& limits, Duration opening);

    // After each read: how long it waited, what it brought, and what is left. A target that is slow makes no
    // read wait, and no connection look slow.
    void add(Duration waited, std::size_t bytes, std::uint64_t left);

    // As many as there should be now.
    [[nodiscard]] unsigned connections() const { return connections_; }
    // The last that was measured, bytes a second.
    [[nodiscard]] std::uint64_t rate() const { return static_cast<std::uint64_t>(rate_); }

    // No more attempts: so many it is.
    void settle(unsigned connections);

private:
    void judge(double rate, std::uint64_t left);
    [[nodiscard]] bool worthTrying(double rate, std::uint64_t left) const;

    WideningLimits limits_;
    unsigned connections_ = 1;
    unsigned before_ = 1; // they brought rate_
    double rate_ = 0;
    bool settled_;
    Duration waited_{}; // with connections_
    Duration measured_{};
    std::uint64_t bytes_ = 0; // while it was measured
};

} // namespace bootferry
