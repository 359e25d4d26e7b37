// SPDX-License-Identifier: LGPL-2.1-or-later
#include "output_watch.h"

#include <gtest/gtest.h>

namespace bootferry {
namespace {

using namespace std::chrono_literals;
using Sample = OutputPatience::Sample;

constexpr Sample full{.isFull = true, .queued = 65536, .written = 7};

// The interval after which the limit was reached; 0: it was not.
int intervalsUntilReached(OutputPatience patience, const std::vector<Sample>& samples) {
    int count = 0;
    for (const auto& sample : samples) {
        ++count;
        if (patience.reached(sample, count * OutputPatience::interval)) {
            return count;
        }
    }
    return 0;
}

TEST(OutputPatience, EndsWhenNothingIsTakenForSoLong) {
    EXPECT_EQ(intervalsUntilReached({std::nullopt, 3s}, std::vector<Sample>(9, full)),
              4); // the first shows it
    EXPECT_EQ(intervalsUntilReached({std::nullopt, std::nullopt}, std::vector<Sample>(9, full)), 0);
}

TEST(OutputPatience, WaitsForAReaderThatIsSlow) {
    auto lessQueued = full;
    lessQueued.queued -= 1;
    auto moreWritten = full;
    moreWritten.written += 1;
    auto withRoom = full;
    withRoom.isFull = false;
    for (const auto& change : {lessQueued, moreWritten, withRoom}) {
        EXPECT_EQ(
            intervalsUntilReached({std::nullopt, 3s}, {full, full, full, change, change, change, change}),
            change.isFull ? 7 : 0);
        EXPECT_EQ(
            intervalsUntilReached({std::nullopt, 3s}, {full, full, change, full, full, change, full, full}),
            0);
    }
}

TEST(OutputPatience, TheLimitOfTheWholeFetchIsForASlowReaderToo) {
    auto other = full;
    other.queued -= 1;
    EXPECT_EQ(intervalsUntilReached({4s, std::nullopt}, {full, other, full, other, full}), 4);
    EXPECT_EQ(intervalsUntilReached({4s, 2s}, std::vector<Sample>(9, full)), 3);
}

TEST(OutputPatience, IsNotAskedWhileTheOutputTakesBytes) {
    EXPECT_EQ(intervalsUntilReached({2s, 2s}, std::vector<Sample>(9, Sample{})), 0);
}

} // namespace
} // namespace bootferry
