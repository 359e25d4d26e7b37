// SPDX-License-Identifier: LGPL-2.1-or-later
// What a worker prints: its own log and messages of libraries. It comes through a pipe and goes into the
// supervisor's log as plain lines, no faster than a person could read: standard error may be a terminal,
// which a process that uses the network must not write to, much less read from.
#pragma once

#include <string>

#include "handles.h"
#include "token_bucket.h"

namespace bootferry {

class WorkerOutput {
public:
    // pipe: the end to read the worker's output from. `event` must outlive the object.
    WorkerOutput(sd_event* event, UniqueFd pipe);
    WorkerOutput(const WorkerOutput&) = delete;
    WorkerOutput& operator=(const WorkerOutput&) = delete;

    void drain(); // at the worker's end: its last output, including an unfinished line

private:
    static int onReadable(sd_event_source* source, int fd, std::uint32_t events, void* userdata);
    bool readSome(); // false if there is nothing more for now
    void logLine(std::string_view line);

    UniqueFd pipe_;
    std::string line_;
    TokenBucket rate_;
    std::uint64_t dropped_ = 0;
    EventSourceHandle input_;
};

} // namespace bootferry
