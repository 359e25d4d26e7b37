// SPDX-License-Identifier: LGPL-2.1-or-later
// A file that is exported, opened once: what was judged is what is copied, and if somebody writes into it
// meanwhile, nothing is exported.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include <sys/stat.h>

#include "handles.h"
#include "kernel_command_line.h"

namespace bootferry {

class Source {
public:
    // what: "ISO", for messages. Throws Error: as fileErrorCode() has it, TargetRefused if it is not a file.
    Source(std::string path, const char* what);

    [[nodiscard]] int fd() const { return fd_.get(); }
    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::uint64_t size() const { return static_cast<std::uint64_t>(status_.st_size); }
    [[nodiscard]] bool isForEveryone() const { return (status_.st_mode & S_IROTH) != 0; }

    // take: called with its first `most` bytes, in order. Throws like requireUnchanged(), and
    // Error(Cancelled) after a signal.
    void read(const std::function<void(std::span<const std::byte>)>& take,
              std::uint64_t most = UINT64_MAX) const;

    // Throws Error(Range) if its size or time is not the one that it was opened with.
    void requireUnchanged() const;

private:
    [[nodiscard]] struct stat now() const;

    std::string path_;
    UniqueFd fd_;
    struct stat status_ {};
};

// Throws Error(Cancelled) after SIGINT, SIGTERM or SIGHUP (termination.h).
void throwIfInterrupted();

// The kernel arguments with which a boot finds the root image; empty if it needs none. A remark on standard
// error says if that is not known. Throws Error(NotLive) if it is not a whole ISO, or has no root image that
// a boot with the options would find.
[[nodiscard]] std::string judgeIso(const Source& iso, const KernelCommandLine& options);

} // namespace bootferry
