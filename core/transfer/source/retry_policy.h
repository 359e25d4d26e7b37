// SPDX-License-Identifier: LGPL-2.1-or-later
// How long to wait before a retry: exponential backoff up to 30 s with jitter over the upper half, so that
// 500 machines that lost the same server do not return at the same moment. Pure arithmetic; ResumingSource
// does the waiting.
#pragma once

#include <chrono>
#include <optional>

namespace bootferry {

struct RetryPolicy {
    std::chrono::milliseconds first{500};
    std::chrono::milliseconds longest{30000};
    static constexpr std::chrono::seconds longestRetryAfter{600}; // limits the server's value
    // A server is given up after this many protocol violations in a row without a byte in between.
    unsigned protocolFailuresAllowed = 3;

    // The wait after `failures` ≥ 1 failed attempts in a row. `random` is in [0, 1). retryAfter is the
    // server's Retry-After: the wait is at least that long, up to longestRetryAfter.
    [[nodiscard]] std::chrono::milliseconds delay(unsigned failures, double random,
                                                  std::chrono::milliseconds retryAfter = {}) const;
};

} // namespace bootferry
