// SPDX-License-Identifier: LGPL-2.1-or-later
#include "progress_reporter.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace bootferry {
namespace {

struct Listener : ProgressListener {
    void progressed(const Progress& progress) override {
        calls.push_back(std::this_thread::get_id());
        seen.push_back(progress);
    }
    std::vector<std::thread::id> calls;
    std::vector<Progress> seen;
};

TEST(ProgressReporterTest, ReportsARemarkAtOnceAndKeepsTheState) {
    Listener listener;
    ProgressReporter reporter(listener);
    reporter.setState(TransferState::Transferring);
    reporter.remark("waiting for the dolly server");
    ASSERT_EQ(listener.seen.size(), 2U);
    EXPECT_EQ(listener.seen.back().state, TransferState::Transferring);
    EXPECT_EQ(listener.seen.back().detail, "waiting for the dolly server");
}

TEST(ProgressReporterTest, TheSameRemarkShowsFromTimeToTimeThatSomebodyWaits) {
    Listener listener;
    ProgressReporter reporter(listener);
    reporter.remark("waiting for the nodes behind");
    reporter.remark("waiting for the nodes behind");
    EXPECT_EQ(listener.seen.size(), 1U);
    for (int tries = 0; listener.seen.size() < 2 && tries < 6000; ++tries) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
        reporter.remark("waiting for the nodes behind");
    }
    ASSERT_EQ(listener.seen.size(), 2U);
    EXPECT_EQ(listener.seen.back().detail, "waiting for the nodes behind");
}

// The plugin ABI allows reports from any thread of a plugin, at any rate.
TEST(ProgressReporterTest, ThrottlesAFloodFromManyThreadsAndKeepsTheOrder) {
    Listener listener;
    ProgressReporter reporter(listener);
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
        threads.emplace_back([&, thread] {
            for (int i = 0; i < 20'000; ++i) {
                reporter.remark(std::to_string(thread) + "/" + std::to_string(i));
            }
        });
    }
    for (std::uint64_t bytes = 1; bytes <= 20'000; ++bytes) {
        reporter.setBytes(bytes);
    }
    threads.clear();
    EXPECT_LT(listener.seen.size(), 1000U);
    for (std::size_t i = 1; i < listener.seen.size(); ++i) {
        EXPECT_LE(listener.seen[i - 1].bytes, listener.seen[i].bytes);
    }
    reporter.setState(TransferState::Verifying, reporter.progress().detail);
    EXPECT_EQ(listener.seen.back().detail, reporter.progress().detail); // the latest remark is not lost
}

// The supervisor takes a smaller number that was not 0 before for a violation
// (core/worker/worker_conduct.cpp).
TEST(ProgressReporterTest, AStartFromTheBeginningIsReportedAtOnce) {
    Listener listener;
    ProgressReporter reporter(listener);
    reporter.setState(TransferState::Transferring);
    reporter.setBytes(6'000'000);
    reporter.setState(TransferState::Verifying);
    reporter.setBytes(0);
    reporter.setBytes(500'000);
    ASSERT_EQ(listener.seen.size(), 3U);
    EXPECT_EQ(listener.seen[1].bytes, 6'000'000U);
    EXPECT_EQ(listener.seen[2].bytes, 0U);
}

TEST(ProgressReporterTest, CountsAttemptsFromTheSetValue) {
    Listener listener;
    ProgressReporter reporter(listener, 3);
    reporter.setAttempt(7); // from an earlier transfer
    reporter.countAttempt();
    EXPECT_EQ(reporter.progress().attempt, 8U);
}

} // namespace
} // namespace bootferry
