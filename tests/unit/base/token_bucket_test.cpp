// SPDX-License-Identifier: LGPL-2.1-or-later
#include "token_bucket.h"

#include <gtest/gtest.h>

namespace bootferry {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr TokenBucket::Time start{seconds(1000)};

int taken(TokenBucket& bucket, TokenBucket::Time now) {
    int count = 0;
    while (bucket.take(now)) {
        ++count;
    }
    return count;
}

TEST(TokenBucket, LetsOneBurstThrough) {
    TokenBucket bucket(5, 2);
    EXPECT_EQ(taken(bucket, start), 5);
    EXPECT_FALSE(bucket.take(start));
}

TEST(TokenBucket, RefillsAtItsRateAndNotBeyondTheBurst) {
    TokenBucket bucket(5, 2);
    EXPECT_EQ(taken(bucket, start), 5);
    EXPECT_EQ(taken(bucket, start + milliseconds(499)), 0);
    EXPECT_EQ(taken(bucket, start + milliseconds(1500)), 3);
    EXPECT_EQ(taken(bucket, start + seconds(3600)), 5);
}

} // namespace
} // namespace bootferry
