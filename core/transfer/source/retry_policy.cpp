// SPDX-License-Identifier: LGPL-2.1-or-later
// Doubling by shifting, with the exponent capped before it can overflow.
#include "retry_policy.h"

#include <algorithm>

namespace bootferry {

std::chrono::milliseconds RetryPolicy::delay(unsigned failures, double random,
                                             std::chrono::milliseconds serverWish) const {
    const auto exponent = std::min(failures > 0 ? failures - 1 : 0, 16U);
    const auto ceiling = std::min(longest, first * (1U << exponent));
    const auto half = ceiling / 2;
    const auto wait = half + std::chrono::milliseconds(
                                 static_cast<std::int64_t>(random * static_cast<double>(half.count())));
    return std::max<std::chrono::milliseconds>(wait,
                                               std::min<std::chrono::milliseconds>(serverWish, longestWish));
}

} // namespace bootferry
