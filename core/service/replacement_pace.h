// SPDX-License-Identifier: LGPL-2.1-or-later
// When a worker that serves an image on demand has ended, another one takes its place at once: reads wait.
// One that ends soon, and the next one, too, would be replaced as fast as the machine can start processes. So
// the wait grows while they do, up to 30 s. Pure.
#pragma once

#include <chrono>

#include "retry_policy.h"

namespace bootferry {

class ReplacementPace {
public:
    static constexpr std::chrono::seconds steady{60}; // who has served for so long does not end "at once"

    // The wait before the next worker. served: how long the one that has ended was there; random: in [0, 1).
    [[nodiscard]] std::chrono::milliseconds ended(std::chrono::milliseconds served, double random) {
        inARow_ = served < steady ? inARow_ + 1 : 1;
        return inARow_ > 1 ? RetryPolicy{}.delay(inARow_ - 1, random) : std::chrono::milliseconds(0);
    }

private:
    unsigned inARow_ = 0;
};

} // namespace bootferry
