// SPDX-License-Identifier: LGPL-2.1-or-later
#include "root_follower.h"

#include <fcntl.h>
#include <sched.h>
#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>
#include <unistd.h>

#include "errors.h"
#include "log.h"

namespace bootferry {
namespace {

constexpr int folderOnly = O_PATH | O_DIRECTORY | O_CLOEXEC;

bool isSame(const struct stat& one, const struct stat& other) {
    return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

} // namespace

RootFollower::RootFollower()
    : run_(checkErrno(::open("/run", folderOnly), "opening '/run'")),
      mounts_(checkErrno(::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC), "opening the mount namespace")) {}

bool RootFollower::follow() {
    struct stat ours {};
    struct stat run {};
    struct stat above {};
    if (done_ || ::stat("/", &ours) < 0 || ::fstat(run_.get(), &run) < 0 ||
        ::fstatat(run_.get(), "..", &above, 0) < 0 || isSame(ours, above)) {
        return false;
    }
    done_ = isSame(run, above) ? followByNamespace() : followByRun();
    return done_;
}

bool RootFollower::followByRun() {
    const UniqueFd root(::openat(run_.get(), "..", folderOnly));
    if (!root || ::fchdir(root.get()) < 0 || ::chroot(".") < 0) {
        logWarning(fmt::format("following the switch of root: {}, ignoring", errnoText(errno)));
    }
    return true;
}

// Not possible while another thread runs (EINVAL), and without effect before systemd has moved the new root:
// the next call tries again.
bool RootFollower::followByNamespace() {
    struct stat before {};
    struct stat after {};
    if (::stat("/", &before) < 0) {
        return false;
    }
    if (::setns(mounts_.get(), CLONE_NEWNS) < 0) {
        if (errno == EINVAL) {
            return false;
        }
        logWarning(fmt::format("following the switch of root: {}, ignoring", errnoText(errno)));
        return true;
    }
    return ::stat("/", &after) == 0 && !isSame(before, after);
}

} // namespace bootferry
