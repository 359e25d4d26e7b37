// SPDX-License-Identifier: LGPL-2.1-or-later
// While it exists, every lookup of a name in this process hangs, whatever the name servers' time limits are:
// /etc/hosts is a FIFO that nobody writes to, in a mount namespace of the process's own, which takes root. As
// nearly everywhere, "files" comes first in nsswitch.conf(5).
#pragma once

#include <filesystem>
#include <string>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bootferry::plugin {

class HangingResolver {
public:
    HangingResolver() {
        static const bool entered =
            ::unshare(CLONE_NEWNS) == 0 && ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
        std::string folder = "/tmp/bootferry-hanging-XXXXXX";
        hangs_ = entered && ::mkdtemp(folder.data()) != nullptr &&
                 ::mkfifo((folder + "/hosts").c_str(), 0600) == 0 && put(folder + "/hosts", "/etc/hosts");
        std::error_code ignored;
        std::filesystem::remove_all(folder, ignored); // the mount stays
    }
    HangingResolver(const HangingResolver&) = delete;
    HangingResolver& operator=(const HangingResolver&) = delete;
    ~HangingResolver() {
        while (hangs_ && isAsked()) { // each open for writing releases those that wait
            std::this_thread::yield();
        }
        (void)::umount2("/etc/hosts", MNT_DETACH);
    }

    [[nodiscard]] bool hangs() const { return hangs_; }

    // Waits until a lookup hangs, and releases it.
    static void awaitQuestion() {
        while (!isAsked()) {
            std::this_thread::yield();
        }
    }

private:
    // Opening for writing succeeds only while somebody reads, or waits to open for reading (fifo(7)).
    static bool isAsked() {
        const int fd = ::open("/etc/hosts", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
        if (fd >= 0) {
            ::close(fd);
        }
        return fd >= 0;
    }
    static bool put(const std::string& file, const char* path) {
        return ::mount(file.c_str(), path, nullptr, MS_BIND, nullptr) == 0;
    }

    bool hangs_ = false;
};

} // namespace bootferry::plugin
