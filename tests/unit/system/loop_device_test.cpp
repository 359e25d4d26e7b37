// SPDX-License-Identifier: LGPL-2.1-or-later
// Loop devices that several attach at the same time. All else of them is in the integration tests: live_root
// and persistent_overlay.
#include "loop_device.h"

#include <array>
#include <atomic>
#include <thread>

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "errors.h"

namespace bootferry {
namespace {

class LoopDevice : public testing::Test {
protected:
    void SetUp() override {
        if (::geteuid() != 0) {
            GTEST_SKIP() << "needs root: sets up loop devices";
        }
    }
};

TEST_F(LoopDevice, IsFoundAlthoughOthersTakeAndFreeTheSameOnes) {
    constexpr int rounds = 100;
    constexpr off_t size = 1 << 20;
    std::atomic<int> attached{0};
    std::array<std::thread, 4> threads;
    for (auto& thread : threads) {
        thread = std::thread([&attached] {
            const UniqueFd file(::memfd_create("image", MFD_CLOEXEC));
            ASSERT_EQ(::ftruncate(file.get(), size), 0);
            for (int round = 0; round < rounds; ++round) {
                try {
                    detachLoopDevice(attachLoopDevice(file, "image"));
                    ++attached;
                } catch (const Error& error) {
                    ADD_FAILURE() << error.what();
                }
            }
        });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(attached, rounds * static_cast<int>(threads.size()));
}

} // namespace
} // namespace bootferry
