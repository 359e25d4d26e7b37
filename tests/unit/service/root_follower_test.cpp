// SPDX-License-Identifier: LGPL-2.1-or-later
// Switches root in a mount namespace, in a process of its own, as the versions of systemd do it. Needs root.
#include "root_follower.h"

#include <cstdlib>

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bootferry {
namespace {

enum Outcome { Followed, Skipped, Failed };

bool isRoot(const struct stat& expected) {
    struct stat root {};
    return ::stat("/", &root) == 0 && root.st_dev == expected.st_dev && root.st_ino == expected.st_ino;
}

// A new root over the old one, and this process is moved to neither.
Outcome switchRoot(bool movesRun) {
    if (::unshare(CLONE_NEWNS) < 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) < 0 ||
        ::mount("run", "/run", "tmpfs", 0, nullptr) < 0 || ::mkdir("/run/new", 0755) < 0) {
        return Skipped;
    }
    RootFollower follower;
    struct stat root {};
    if (follower.follow() || ::mount("new", "/mnt", "tmpfs", 0, nullptr) < 0 || ::stat("/mnt", &root) < 0 ||
        ::mkdir("/mnt/run", 0755) < 0) {
        return Failed;
    }
    if (movesRun) {
        if (::mount("/run", "/mnt/run", nullptr, MS_MOVE, nullptr) < 0) {
            return Failed;
        }
    } else if (::mount("/run", "/mnt/run", nullptr, MS_BIND | MS_REC, nullptr) < 0 ||
               ::umount2("/run", MNT_DETACH) < 0 || follower.follow()) { // not moved yet
        return Failed;
    }
    if (::mount("/mnt", "/", nullptr, MS_MOVE, nullptr) < 0) {
        return Failed;
    }
    return follower.follow() && follower.isDone() && !follower.follow() && isRoot(root) ? Followed : Failed;
}

void expectFollowed(bool movesRun) {
    const auto child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        ::_exit(switchRoot(movesRun));
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    if (WEXITSTATUS(status) == Skipped) {
        GTEST_SKIP() << "mounting is not permitted";
    }
    EXPECT_EQ(WEXITSTATUS(status), Followed);
}

TEST(RootFollower, FollowsARootThatRunIsMovedInto) {
    expectFollowed(true);
}

TEST(RootFollower, FollowsARootThatHasARunOfItsOwn) {
    expectFollowed(false);
}

} // namespace
} // namespace bootferry
