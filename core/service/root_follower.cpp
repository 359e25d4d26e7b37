// SPDX-License-Identifier: LGPL-2.1-or-later
#include "root_follower.h"

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>
#include <unistd.h>

#include "errors.h"
#include "log.h"

namespace bootferry {
namespace {

constexpr int folderOnly = O_PATH | O_DIRECTORY | O_CLOEXEC;

} // namespace

RootFollower::RootFollower() : run_(checkErrno(::open("/run", folderOnly), "opening '/run'")) {}

bool RootFollower::follow() {
    struct stat ours {};
    struct stat theirs {};
    if (done_ || ::stat("/", &ours) < 0 || ::fstatat(run_.get(), "..", &theirs, 0) < 0 ||
        (ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino)) {
        return false;
    }
    done_ = true;
    const UniqueFd root(::openat(run_.get(), "..", folderOnly));
    if (!root || ::fchdir(root.get()) < 0 || ::chroot(".") < 0) {
        logWarning(fmt::format("following the switch of root: {}, ignoring", errnoText(errno)));
    }
    return true;
}

} // namespace bootferry
