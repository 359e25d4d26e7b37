// SPDX-License-Identifier: LGPL-2.1-or-later
// What a worker prints: its own log and what libraries say. It comes through a pipe, as plain lines into the
// supervisor's log, and no faster than a person could make use of it: standard error itself may be a
// terminal, which is no place for a process that speaks to the network to write to, let alone to read from.
#pragma once

#include <string>

#include "handles.h"

namespace bootferry {

class WorkerOutput {
public:
    // pipe: what the worker writes to. `event` must outlive the object.
    WorkerOutput(sd_event* event, UniqueFd pipe);
    WorkerOutput(const WorkerOutput&) = delete;
    WorkerOutput& operator=(const WorkerOutput&) = delete;

    void drain(); // at its end: what it wrote last, and a line that has no end

private:
    static int onReadable(sd_event_source* source, int fd, std::uint32_t events, void* userdata);
    bool readSome(); // false: nothing more for now
    void tell(std::string_view line);

    UniqueFd pipe_;
    std::string line_;
    double allowance_;
    std::uint64_t refilled_ = 0; // µs
    std::uint64_t dropped_ = 0;
    EventSourceHandle input_;
};

} // namespace bootferry
