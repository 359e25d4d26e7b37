// SPDX-License-Identifier: LGPL-2.1-or-later
// A worker that has loaded all that it needs files for, and waits: for the end of the one before it, whose
// place it takes. After the switch of root the files of the initrd are gone, so that no worker can be started
// any more. Whatever it reports before its turn is dropped.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "worker_process.h"

namespace bootferry {

class StandbyWorker : private WorkerListener {
public:
    // ended: it has ended before its turn; may destroy the object. Throws Error if none can be started.
    using Ended = std::function<void(const Error& why)>;
    StandbyWorker(sd_event* event, const WorkerProgram& program, WorkerJob job, Ended ended);

    // Its turn: from now on `listener` hears it. Returns the process, which must not outlive this object.
    WorkerProcess& takeOver(WorkerListener& listener);

private:
    void imageHasAtLeast(std::uint64_t size) override;
    void targetWanted(std::optional<std::uint64_t> size) override;
    void pluginLoaded(const std::string& nameAndVersion) override;
    void opened(std::size_t origin) override;
    void ready() override;
    void progressed(const Progress& progress) override;
    void staged(const WorkerResult& result) override;
    void filled() override;
    void ended(const WorkerResult& result, const std::optional<Error>& failure) override;

    Ended ended_;
    WorkerListener* listener_ = nullptr; // nullptr: it waits
    bool ready_ = false;
    WorkerProcess worker_;
};

} // namespace bootferry
