// SPDX-License-Identifier: LGPL-2.1-or-later
// Doubles by shifting; the exponent is capped so that it cannot overflow.
#include "retry_policy.h"

#include <algorithm>

namespace bootferry {

std::chrono::milliseconds RetryPolicy::delay(unsigned failures, double random,
                                             std::chrono::milliseconds retryAfter) const {
    const auto exponent = std::min(failures > 0 ? failures - 1 : 0, 16U);
    const auto ceiling = std::min(longest, first * (1U << exponent));
    const auto half = ceiling / 2;
    const auto wait = half + std::chrono::milliseconds(
                                 static_cast<std::int64_t>(random * static_cast<double>(half.count())));
    return std::max<std::chrono::milliseconds>(
        wait, std::min<std::chrono::milliseconds>(retryAfter, longestRetryAfter));
}

} // namespace bootferry
