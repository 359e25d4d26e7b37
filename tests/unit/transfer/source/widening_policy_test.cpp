// SPDX-License-Identifier: LGPL-2.1-or-later
#include "widening_policy.h"

#include <gtest/gtest.h>

namespace bootferry {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t plenty = std::uint64_t{1} << 30U;

// Two seconds, in which each read blocks for 100 ms.
unsigned after(WideningPolicy& policy, double rate, std::uint64_t left = plenty) {
    for (int i = 0; i < 20; ++i) {
        policy.add(milliseconds(100), static_cast<std::size_t>(rate / 10), left);
    }
    return policy.connections();
}

WideningPolicy far(unsigned connections = 6) {
    return {{.connections = connections}, milliseconds(100)};
}

TEST(WideningPolicy, TriesMoreWhileTheyAreFaster) {
    auto policy = far();
    EXPECT_EQ(policy.connections(), 1U);
    EXPECT_EQ(after(policy, 5e6), 3U);
    EXPECT_EQ(after(policy, 14e6), 6U);
    EXPECT_EQ(after(policy, 25e6), 6U);
    EXPECT_EQ(after(policy, 1e6), 6U); // unchanged from then on
}

TEST(WideningPolicy, GoesBackIfTheyAreNotFaster) {
    auto useless = far();
    EXPECT_EQ(after(useless, 5e6), 3U);
    EXPECT_EQ(after(useless, 6e6), 1U);
    EXPECT_EQ(after(useless, 5e6), 1U);

    auto halfUseful = far();
    EXPECT_EQ(after(halfUseful, 5e6), 3U);
    EXPECT_EQ(after(halfUseful, 14e6), 6U);
    EXPECT_EQ(after(halfUseful, 15e6), 3U);
}

TEST(WideningPolicy, StaysWithOneIfThatIsEnough) {
    WideningPolicy near({}, milliseconds(5));
    EXPECT_EQ(after(near, 1e6), 1U);
    auto fast = far();
    EXPECT_EQ(after(fast, 100e6), 1U);
    EXPECT_EQ(after(fast, 1e6), 1U); // measured only once
    auto nearlyDone = far();
    EXPECT_EQ(after(nearlyDone, 1e6, 1'000'000), 1U);
    auto forbidden = far(1);
    EXPECT_EQ(after(forbidden, 1e6), 1U);
}

TEST(WideningPolicy, NeverExceedsTheLimit) {
    auto two = far(2);
    EXPECT_EQ(after(two, 5e6), 2U);
    EXPECT_EQ(after(two, 10e6), 2U);
}

TEST(WideningPolicy, ASlowTargetIsNotASlowSource) {
    auto policy = far();
    for (int i = 0; i < 100'000; ++i) {
        policy.add(std::chrono::microseconds(1), 1000,
                   plenty); // the time between reads, spent in the writer, does not count
    }
    EXPECT_EQ(policy.connections(), 1U);
}

} // namespace
} // namespace bootferry
