// SPDX-License-Identifier: LGPL-2.1-or-later
// A descriptor is closed exactly once, by its last owner.
#include "handles.h"

#include <cerrno>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace bootferry {
namespace {

bool isOpen(int fd) {
    return ::fcntl(fd, F_GETFD) >= 0;
}

TEST(UniqueFd, ClosesItsDescriptor) {
    const int raw = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    { const UniqueFd fd(raw); }
    EXPECT_FALSE(isOpen(raw));
}

TEST(UniqueFd, MovesOwnership) {
    UniqueFd first(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const int raw = first.get();
    UniqueFd second(std::move(first));
    EXPECT_EQ(first.get(), -1); // NOLINT(bugprone-use-after-move): tests the moved-from state
    EXPECT_EQ(second.get(), raw);
    second = UniqueFd();
    EXPECT_FALSE(isOpen(raw));
}

TEST(UniqueFd, AssigningToItselfKeepsTheDescriptor) {
    UniqueFd fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    auto& same = fd;
    fd = std::move(same);
    EXPECT_TRUE(isOpen(fd.get()));
}

TEST(MakeHandle, ThrowsTheErrorOfTheCall) {
    EXPECT_THROW(makeHandle<EventHandle>([](sd_event**) { return -ENOMEM; }, "making an event loop"), Error);
    EXPECT_TRUE(
        makeHandle<EventHandle>([](sd_event** e) { return sd_event_new(e); }, "making an event loop"));
}

} // namespace
} // namespace bootferry
