// SPDX-License-Identifier: LGPL-2.1-or-later
// What ends a wait. The announcement, which a long wait repeats, is the sign that a wait is under way: what
// happens in it happens during the wait.
#include "waiter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "event.h"
#include "failure_of.h"

namespace bootferry::plugin {
namespace {

using namespace std::chrono_literals;

constexpr auto often = 1ms; // between announcements

TEST(Waiter, EndsWithWhatIsWaitedFor) {
    const Event first;
    const Event second;
    second.raise();
    Waiter waiter(-1);
    std::vector<pollfd> entries{{.fd = first.fd(), .events = POLLIN, .revents = 0},
                                {.fd = second.fd(), .events = POLLIN, .revents = 0}};
    EXPECT_EQ(waiter.wait(entries), 1);
    EXPECT_EQ(entries[0].revents, 0);
    EXPECT_EQ(entries[1].revents, POLLIN);
    EXPECT_TRUE(waiter.wait(second.fd(), POLLIN));
}

TEST(Waiter, EndsAtATime) {
    const Event never;
    Waiter waiter(-1);
    EXPECT_FALSE(waiter.wait(never.fd(), POLLIN, Waiter::Clock::now() + 1ms));
    EXPECT_FALSE(waiter.wait(never.fd(), POLLIN, Waiter::Clock::time_point::min()));
    waiter.sleepUntil(Waiter::Clock::now() + 1ms);
}

TEST(Waiter, ACancelEndsIt) {
    const Event cancel;
    const Event never;
    Waiter waiter(
        cancel.fd(), [&, count = 0](const std::string&) mutable { ++count > 1 ? cancel.raise() : void(); },
        often);
    waiter.announce("waiting");
    EXPECT_NO_THROW(waiter.throwIfCancelled());
    EXPECT_EQ(failureOf([&] { (void)waiter.wait(never.fd(), POLLIN); }).code(), BOOTFERRY_ERROR_CANCELLED);
    EXPECT_EQ(failureOf([&] { waiter.throwIfCancelled(); }).code(), BOOTFERRY_ERROR_CANCELLED);
}

TEST(Waiter, ACancelGoesBeforeWhatIsWaitedFor) {
    const Event both;
    both.raise();
    Waiter waiter(both.fd());
    EXPECT_EQ(failureOf([&] { (void)waiter.wait(both.fd(), POLLIN); }).code(), BOOTFERRY_ERROR_CANCELLED);
}

TEST(Waiter, ADeadlineEndsEveryWait) {
    const Event never;
    const Event there;
    there.raise();
    Waiter waiter(-1);
    waiter.setDeadline(Waiter::Clock::now() + 1ms, "the server is too slow");
    for (int i = 0; i < 2; ++i) {
        const auto failure = failureOf([&] { (void)waiter.wait(never.fd(), POLLIN); });
        EXPECT_EQ(failure.code(), BOOTFERRY_ERROR_TIMEOUT);
        EXPECT_STREQ(failure.what(), "the server is too slow");
    }
    EXPECT_TRUE(waiter.wait(there.fd(), POLLIN)); // an event that has occurred is not late
    waiter.clearDeadline();
    EXPECT_FALSE(waiter.wait(never.fd(), POLLIN, Waiter::Clock::now()));
}

TEST(Waiter, AnInterruptionEndsItWhileItExists) {
    const Event gone;
    const Event never;
    gone.raise();
    Waiter waiter(-1);
    {
        const Interruption interruption(waiter, gone.fd(), POLLIN,
                                        {BOOTFERRY_ERROR_UNREACHABLE, "it is gone"});
        const auto failure = failureOf([&] { (void)waiter.wait(never.fd(), POLLIN); });
        EXPECT_EQ(failure.code(), BOOTFERRY_ERROR_UNREACHABLE);
        EXPECT_STREQ(failure.what(), "it is gone");
    }
    EXPECT_FALSE(waiter.wait(never.fd(), POLLIN, Waiter::Clock::now()));
}

// The host takes silence for a stall, and an announcement for a sign of life.
TEST(Waiter, AnnouncesAgainAndAgainUntilSilenceIsAStall) {
    const Event heard;
    const Event never;
    std::vector<std::string> announcements;
    Waiter waiter(
        -1,
        [&](const std::string& what) {
            announcements.push_back(what);
            if (announcements.size() == 4) {
                heard.raise();
            }
        },
        often);
    waiter.announce("waiting for a server");
    EXPECT_THAT(announcements, testing::ElementsAre("waiting for a server"));
    EXPECT_TRUE(waiter.wait(heard.fd(), POLLIN));
    EXPECT_THAT(announcements, testing::Each("waiting for a server"));
    EXPECT_GE(announcements.size(), 4U);

    waiter.stopAnnouncing();
    const auto count = announcements.size();
    EXPECT_FALSE(waiter.wait(never.fd(), POLLIN, Waiter::Clock::now() + 10 * often));
    EXPECT_EQ(announcements.size(), count);
}

} // namespace
} // namespace bootferry::plugin
