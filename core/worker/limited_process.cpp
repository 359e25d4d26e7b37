// SPDX-License-Identifier: LGPL-2.1-or-later
#include "limited_process.h"

#include <cerrno>
#include <tuple>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "descriptors.h"
#include "event_loop.h"

namespace bootferry {

void killAndReap(pid_t& pid) noexcept {
    if (pid > 0) {
        ::kill(pid, SIGKILL);
        while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
        }
        pid = -1;
    }
}

ProcessOutput::ProcessOutput(sd_event* event, std::size_t most) : most_(most) {
    constexpr const char* what = "watching a pipe";
    std::tie(ours_, theirs_) = makePipe();
    checkErrno(::fcntl(ours_.get(), F_SETFL, O_NONBLOCK), what);
    input_ = makeHandle<EventSourceHandle>(
        [&](sd_event_source** source) {
            return sd_event_add_io(event, source, ours_.get(), EPOLLIN, onReadable, this);
        },
        what);
}

bool ProcessOutput::read() {
    std::array<char, 4096> piece{};
    const auto count = TEMP_FAILURE_RETRY(::read(ours_.get(), piece.data(), piece.size()));
    if (count <= 0) {
        return false;
    }
    isWhole_ = isWhole_ && text_.size() + static_cast<std::size_t>(count) <= most_;
    if (isWhole_) {
        text_.append(piece.data(), static_cast<std::size_t>(count));
    }
    return true;
}

void ProcessOutput::drain() {
    while (read()) {
    }
}

int ProcessOutput::onReadable(sd_event_source* source, int, std::uint32_t events, void* userdata) {
    if (!static_cast<ProcessOutput*>(userdata)->read() && (events & EPOLLHUP) != 0) {
        (void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
    }
    return 0;
}

LimitedProcess::LimitedProcess(sd_event* event, pid_t pid, std::chrono::microseconds limit, Ended ended)
    : pid_(pid), ended_(std::move(ended)) {
    try {
        child_ = makeHandle<EventSourceHandle>(
            [&](sd_event_source** source) {
                return sd_event_add_child(event, source, pid_, WEXITED, onExit, this);
            },
            "watching a process");
        timeLimit_ = startTimer(event, limit, onTimeLimit, this, "timing a process");
    } catch (const Error&) {
        killAndReap(pid_);
        throw;
    }
}

LimitedProcess::~LimitedProcess() {
    killAndReap(pid_);
}

void LimitedProcess::kill() noexcept {
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL); // onExit() follows
    }
}

int LimitedProcess::onTimeLimit(sd_event_source*, std::uint64_t, void* userdata) {
    auto& self = *static_cast<LimitedProcess*>(userdata);
    self.isLate_ = true;
    self.kill();
    return 0;
}

int LimitedProcess::onExit(sd_event_source*, const siginfo_t* info, void* userdata) {
    auto& self = *static_cast<LimitedProcess*>(userdata);
    self.pid_ = -1; // sd-event reaps it
    self.timeLimit_.reset();
    const auto ended = std::move(self.ended_); // the call may destroy self
    ended(*info);
    return 0;
}

} // namespace bootferry
