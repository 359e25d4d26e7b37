// SPDX-License-Identifier: LGPL-2.1-or-later
// The waits grow up to a limit, differ between machines and respect the server's Retry-After.
#include "retry_policy.h"

#include <gtest/gtest.h>

namespace bootferry {
namespace {

using namespace std::chrono_literals;

TEST(RetryPolicy, DoublesUpToTheCap) {
    const RetryPolicy policy;
    EXPECT_EQ(policy.delay(1, 0), 250ms);
    EXPECT_EQ(policy.delay(2, 0), 500ms);
    EXPECT_EQ(policy.delay(3, 0), 1s);
    EXPECT_EQ(policy.delay(50, 0), 15s);
    EXPECT_LE(policy.delay(4000000000U, 0.999999), 30s);
}

TEST(RetryPolicy, JitterCoversTheUpperHalf) {
    const RetryPolicy policy;
    EXPECT_EQ(policy.delay(50, 0.5), 22500ms);
    EXPECT_LT(policy.delay(3, 0), policy.delay(3, 0.9));
}

TEST(RetryPolicy, RespectsRetryAfterUpToTheCap) {
    const RetryPolicy policy;
    EXPECT_EQ(policy.delay(1, 0, 7s), 7s);
    EXPECT_EQ(policy.delay(50, 0, 1s), 15s);
    EXPECT_EQ(policy.delay(1, 0, 86400s), 600s);
}

} // namespace
} // namespace bootferry
