// SPDX-License-Identifier: LGPL-2.1-or-later
#include "write_watch.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <thread>

#include <fcntl.h>
#include <linux/magic.h>
#include <spdlog/fmt/fmt.h>
#include <sys/inotify.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "descriptors.h"
#include "partial_state.h"

namespace bootferry {
namespace {

// Of these, a lease is refused unless the server has granted the file to this machine, and closing a file may
// change its times.
bool isOnServer(int fd) {
    static constexpr std::array<std::uint32_t, 7> servers{
        NFS_SUPER_MAGIC, CIFS_SUPER_MAGIC, SMB2_SUPER_MAGIC, FUSE_SUPER_MAGIC,
        V9FS_MAGIC,      CEPH_SUPER_MAGIC, AFS_FS_MAGIC};
    struct statfs status {};
    return ::fstatfs(fd, &status) < 0 ||
           std::find(servers.begin(), servers.end(), static_cast<std::uint32_t>(status.f_type)) !=
               servers.end();
}

// This program has it open for reading only.
bool isOpenForWriting(int fd) {
    constexpr std::chrono::milliseconds pace{50};
    constexpr unsigned patience = 100;   // 5 s
    (void)::fcntl(fd, F_SETSIG, SIGURG); // is ignored; SIGIO would end the program if somebody opens it now
    for (unsigned attempt = 0; ::fcntl(fd, F_SETLEASE, F_RDLCK) < 0; ++attempt) {
        if (errno != EAGAIN) {
            return false; // a file system without leases
        }
        if (attempt == patience) {
            return true;
        }
        std::this_thread::sleep_for(pace);
    }
    return false;
}

} // namespace

WriteWatch::WriteWatch(int file) : events_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
    if (events_) {
        (void)::inotify_add_watch(events_.get(), descriptorPath(file).c_str(), IN_CLOSE_WRITE);
    }
}

bool WriteWatch::hasEvents() const {
    alignas(inotify_event) std::array<char, 4096> buffer{};
    bool found = false;
    while (events_ && ::read(events_.get(), buffer.data(), buffer.size()) > 0) {
        found = true;
    }
    return found;
}

bool WriteWatch::hasSeenWriter() {
    seen_ = seen_ || hasEvents();
    return seen_;
}

bool WriteWatch::findsWriter(UniqueFd& file) {
    const auto before = identityOf(file.get());
    if (hasSeenWriter()) {
        return true;
    }
    if (isOnServer(file.get())) {
        return false;
    }
    const UniqueFd readOnly(::open(descriptorPath(file.get()).c_str(), O_RDONLY | O_NOCTTY | O_CLOEXEC));
    if (!readOnly) {
        return false; // without /proc
    }
    file.reset();
    const bool isOpen = isOpenForWriting(readOnly.get());
    const bool isSame = identityOf(readOnly.get()) == before;
    (void)hasEvents(); // drop the event of the descriptor that was closed here
    (void)::fcntl(readOnly.get(), F_SETLEASE, F_UNLCK); // an open for writing waits for this
    file.reset(checkErrno(::open(descriptorPath(readOnly.get()).c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC),
                          "opening a file again"));
    seen_ = isOpen || !isSame;
    return seen_;
}

} // namespace bootferry
