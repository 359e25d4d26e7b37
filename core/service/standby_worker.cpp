// SPDX-License-Identifier: LGPL-2.1-or-later
#include "standby_worker.h"

#include <utility>

namespace bootferry {

StandbyWorker::StandbyWorker(sd_event* event, const WorkerProgram& program, WorkerJob job, Ended ended)
    : ended_(std::move(ended)), worker_(event, program, std::move(job), static_cast<WorkerListener&>(*this)) {
}

WorkerProcess& StandbyWorker::takeOver(WorkerListener& listener) {
    listener_ = &listener;
    if (ready_) {
        worker_.proceed(true);
    }
    return worker_;
}

void StandbyWorker::ready() {
    ready_ = true;
    if (listener_ != nullptr) {
        worker_.proceed(true);
    }
}

void StandbyWorker::imageHasAtLeast(std::uint64_t size) {
    if (listener_ != nullptr) {
        listener_->imageHasAtLeast(size);
    }
}

// Only after ready(), as worker_conduct.h has it, and so are staged() and filled().
void StandbyWorker::targetWanted(std::optional<std::uint64_t> size) {
    listener_->targetWanted(size);
}

void StandbyWorker::staged(const WorkerResult& result) {
    listener_->staged(result);
}

void StandbyWorker::filled() {
    listener_->filled();
}

void StandbyWorker::pluginLoaded(const std::string& nameAndVersion) {
    if (listener_ != nullptr) {
        listener_->pluginLoaded(nameAndVersion);
    }
}

void StandbyWorker::opened(std::size_t origin) {
    if (listener_ != nullptr) {
        listener_->opened(origin);
    }
}

void StandbyWorker::progressed(const Progress& progress) {
    if (listener_ != nullptr) {
        listener_->progressed(progress);
    }
}

void StandbyWorker::ended(const WorkerResult& result, const std::optional<Error>& failure) {
    if (listener_ != nullptr) {
        listener_->ended(result, failure); // last: it may destroy this
        return;
    }
    const auto ended = ended_;
    ended(failure.value_or(Error(ErrorCode::Internal, "it ended"))); // last: it may destroy this
}

} // namespace bootferry
