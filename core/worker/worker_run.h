// SPDX-License-Identifier: LGPL-2.1-or-later
// One run of bootferry-transfer for one job: a process, or with a checksum two, which the listener sees as
// one. A job that needs several runs is worker_process.h's business. The calls are those of WorkerProcess.
#pragma once

#include <memory>

#include "worker_process.h"

namespace bootferry {

class WorkerRun {
public:
    // Starts the process. Throws Error if that fails. `event` and `listener` must outlive the object. A
    // transfer's job states its checksum, and names no list.
    WorkerRun(sd_event* event, const WorkerProgram& program, WorkerJob job, WorkerListener& listener);
    ~WorkerRun(); // kills and reaps what is running, without calling the listener

    WorkerRun(const WorkerRun&) = delete;
    WorkerRun& operator=(const WorkerRun&) = delete;

    void giveTarget(const PreparedTarget& target);
    void refuseTarget(const Error& reason);
    void permitCommit();
    void cancel();

private:
    class State;
    std::unique_ptr<State> state_;
};

} // namespace bootferry
