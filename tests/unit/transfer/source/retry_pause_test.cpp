// SPDX-License-Identifier: LGPL-2.1-or-later
// The network is a script of what wakes the pause.
#include "retry_pause.h"

#include <deque>
#include <vector>

#include <gtest/gtest.h>

#include "errors.h"

namespace bootferry {
namespace {

using namespace std::chrono_literals;
using Woken = NetworkWatch::Woken;

class RetryPauseTest : public testing::Test {
protected:
    // stillAsked: how long the servers ask clients to wait, at each change.
    void pause(std::chrono::milliseconds time, std::deque<Woken> network,
               std::deque<RetryPause::Wait> stillAsked = {}) {
        const RetryPause pause([&](RetryPause::Wait longest) {
            waits.push_back(longest);
            const auto woken = network.empty() ? Woken::TimePassed : network.front();
            if (!network.empty()) {
                network.pop_front();
            }
            return woken;
        });
        pause.pause(time, [&] {
            ++changes;
            const auto asked = stillAsked.empty() ? 0ms : stillAsked.front();
            if (!stillAsked.empty()) {
                stillAsked.pop_front();
            }
            return asked;
        });
    }

    std::vector<RetryPause::Wait> waits;
    int changes = 0;
};

TEST_F(RetryPauseTest, WithoutAChangeItTakesItsTime) {
    pause(30s, {Woken::TimePassed});
    EXPECT_EQ(waits, std::vector<RetryPause::Wait>{30s});
    EXPECT_EQ(changes, 0);
}

TEST_F(RetryPauseTest, AChangeOfTheNetworkEndsItOnceTheNetworkHasSettled) {
    pause(30s, {Woken::NetworkChanged, Woken::NetworkChanged});
    EXPECT_EQ(waits, (std::vector<RetryPause::Wait>{30s, RetryPause::networkSettleTime}));
    EXPECT_EQ(changes, 1);
}

TEST_F(RetryPauseTest, SettlingTakesNoLongerThanThePause) {
    pause(20ms, {Woken::NetworkChanged});
    EXPECT_EQ(waits, (std::vector<RetryPause::Wait>{20ms, 20ms}));
}

TEST_F(RetryPauseTest, AChangeDoesNotShortenWhatAServerAskedFor) {
    pause(1h, {Woken::NetworkChanged, Woken::NetworkChanged, Woken::TimePassed}, {1h, 1h});
    ASSERT_EQ(waits.size(), 3U);
    EXPECT_EQ(changes, 2);
    for (const auto wait : waits) {
        EXPECT_GT(wait, 1min);
        EXPECT_LE(wait, 1h);
    }
}

TEST_F(RetryPauseTest, ACancelEndsIt) {
    EXPECT_THROW(pause(30s, {Woken::Cancelled}), Error);
    EXPECT_THROW(pause(30s, {Woken::NetworkChanged, Woken::Cancelled}), Error); // while it settles
    EXPECT_THROW(pause(30s, {Woken::NetworkChanged, Woken::Cancelled}, {30s}),
                 Error); // while a server is busy
}

} // namespace
} // namespace bootferry
