// SPDX-License-Identifier: LGPL-2.1-or-later
#include "write_log.h"

#include <sys/syscall.h>
#include <unistd.h>

namespace bootferry {

WriteLog& writeLog() {
    static WriteLog log;
    return log;
}

namespace {

void record(const void* bytes, std::size_t size, off_t offset) {
    if (auto& log = writeLog(); log.recording) {
        const auto* begin = static_cast<const std::byte*>(bytes);
        log.epochs.back().push_back({static_cast<std::uint64_t>(offset), {begin, begin + size}});
    }
}

void recordFlush() {
    if (auto& log = writeLog(); log.recording) {
        log.epochs.emplace_back();
    }
}

} // namespace
} // namespace bootferry

#define SEEN_BY_LIBRARIES __attribute__((visibility("default")))

extern "C" SEEN_BY_LIBRARIES ssize_t write(int fd, const void* bytes, std::size_t size) {
    if (const auto offset = ::lseek(fd, 0, SEEK_CUR); offset >= 0) {
        bootferry::record(bytes, size, offset);
    }
    return ::syscall(SYS_write, fd, bytes, size);
}

extern "C" SEEN_BY_LIBRARIES ssize_t pwrite(int fd, const void* bytes, std::size_t size, off_t offset) {
    bootferry::record(bytes, size, offset);
    return ::syscall(SYS_pwrite64, fd, bytes, size, offset);
}

extern "C" SEEN_BY_LIBRARIES int fdatasync(int fd) {
    bootferry::recordFlush();
    return static_cast<int>(::syscall(SYS_fdatasync, fd));
}

extern "C" SEEN_BY_LIBRARIES int fsync(int fd) {
    bootferry::recordFlush();
    return static_cast<int>(::syscall(SYS_fsync, fd));
}
