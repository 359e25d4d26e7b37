// SPDX-License-Identifier: LGPL-2.1-or-later
// A process that does one thing and ends: what it prints, up to a limit, and how long it may take. Nothing
// here waits for it, except that a running process is killed and reaped with its owner.
#pragma once

#include <chrono>
#include <csignal>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include <sys/types.h>

#include "handles.h"

namespace bootferry {

// Does nothing if there is no such process (-1); there is none afterwards.
void killAndReap(pid_t& pid) noexcept;

class ProcessOutput {
public:
    // `event` must outlive the object. most: bytes; what follows is discarded.
    ProcessOutput(sd_event* event, std::size_t most);
    ProcessOutput(const ProcessOutput&) = delete;
    ProcessOutput& operator=(const ProcessOutput&) = delete;

    [[nodiscard]] const UniqueFd& theirs() const { return theirs_; }
    void started() { theirs_.reset(); } // the process has inherited the descriptor
    void drain();                       // call at the end of the process
    [[nodiscard]] const std::string& text() const { return text_; }
    [[nodiscard]] bool isWhole() const { return isWhole_; }

private:
    bool read(); // true if something was read: there may be more
    static int onReadable(sd_event_source* source, int fd, std::uint32_t events, void* userdata);

    UniqueFd ours_;
    UniqueFd theirs_;
    std::size_t most_;
    std::string text_;
    bool isWhole_ = true;
    EventSourceHandle input_;
};

class LimitedProcess {
public:
    // The process's end; may destroy the object.
    using Ended = std::function<void(const siginfo_t& exit)>;

    // Owns the process from now on, also if this throws Error. `event` must outlive the object.
    LimitedProcess(sd_event* event, pid_t pid, std::chrono::microseconds limit, Ended ended);
    ~LimitedProcess(); // without calling ended
    LimitedProcess(const LimitedProcess&) = delete;
    LimitedProcess& operator=(const LimitedProcess&) = delete;

    void kill() noexcept; // Ended is called later
    [[nodiscard]] bool isLate() const { return isLate_; }

private:
    static int onExit(sd_event_source* source, const siginfo_t* info, void* userdata);
    static int onTimeLimit(sd_event_source* source, std::uint64_t time, void* userdata);

    pid_t pid_;
    Ended ended_;
    bool isLate_ = false;
    EventSourceHandle child_;
    EventSourceHandle timeLimit_;
};

} // namespace bootferry
