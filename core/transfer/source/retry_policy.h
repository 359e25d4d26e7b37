// SPDX-License-Identifier: LGPL-2.1-or-later
// When to try again: exponential with full jitter over the upper half, at most 30 s, so that 500 machines
// that lost the same server do not come back in step. Pure arithmetic; who waits, and on what, is
// ResumingSource's business.
#pragma once

#include <chrono>
#include <optional>

namespace bootferry {

struct RetryPolicy {
    std::chrono::milliseconds first{500};
    std::chrono::milliseconds longest{30000};
    static constexpr std::chrono::seconds longestWish{600}; // of a server's
    // A peer that breaks its protocol this often in a row, without a byte in between, will go on doing so.
    unsigned protocolFailuresAllowed = 3;

    // How long to wait before try number `failures` + 1, with `failures` ≥ 1 failed ones in a row. `random`
    // is in [0, 1). A server's own wish (Retry-After) is honoured up to ten minutes and never undercut.
    [[nodiscard]] std::chrono::milliseconds delay(unsigned failures, double random,
                                                  std::chrono::milliseconds serverWish = {}) const;
};

} // namespace bootferry
