// SPDX-License-Identifier: LGPL-2.1-or-later
// Most jobs are one run. A transfer whose checksum is in a list is three: the options of all plugins are
// checked before any network is used; a process that knows only the list's server reads the list, and ends;
// and the process that connects to the image's server starts with a checksum that it can no longer change.
// The listener sees them as one.
#include "worker_process.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "worker_run.h"

namespace bootferry {
namespace {

using Clock = std::chrono::steady_clock;

// The time limit of a transfer includes that for its list.
void shorten(std::optional<std::chrono::microseconds>& limit, Clock::duration by) {
    if (limit) {
        constexpr std::chrono::microseconds shortest = std::chrono::milliseconds(1);
        limit = std::max(*limit - std::chrono::duration_cast<std::chrono::microseconds>(by), shortest);
    }
}

} // namespace

WorkerRole roleOf(JobPurpose purpose, const TransferRequest& request) {
    return purpose == JobPurpose::Transfer && request.checksum ? WorkerRole::Receiver : WorkerRole::Alone;
}

class WorkerProcess::State : private WorkerListener {
public:
    State(sd_event* event, WorkerProgram program, WorkerJob job, WorkerListener& listener)
        : event_(event), program_(std::move(program)), listener_(listener), job_(std::move(job)),
          purpose_(job_.purpose == JobPurpose::Transfer && job_.request.checksumUrl ? JobPurpose::OptionCheck
                                                                                    : job_.purpose) {
        start();
    }

    [[nodiscard]] WorkerRun& run() { return *run_; }

    void cancel() {
        cancelled_ = true;
        run_->cancel();
    }

private:
    [[nodiscard]] bool isLast() const { return purpose_ == job_.purpose; }

    void start() {
        auto job = job_;
        job.purpose = purpose_;
        if (purpose_ == JobPurpose::TransferChecksum) {
            job.request.mirrors.clear();
            job.request.continuation.reset();
        }
        if (isLast()) {
            job_ = {.purpose = purpose_}; // its secrets are no longer needed
        }
        run_ = std::make_unique<WorkerRun>(event_, program_, std::move(job),
                                           static_cast<WorkerListener&>(*this));
    }

    void startNext() {
        if (purpose_ == JobPurpose::OptionCheck) {
            purpose_ = JobPurpose::TransferChecksum;
        } else {
            purpose_ = JobPurpose::Transfer;
            shorten(job_.request.timeout, Clock::now() - begun_);
            job_.checksumOrigin = job_.request.checksumUrl->redacted();
            job_.request.checksumUrl.reset();
            job_.request.checksum = checksum_;
        }
        start();
    }

    void imageHasAtLeast(std::uint64_t size) override { listener_.imageHasAtLeast(size); }
    void targetWanted(std::optional<std::uint64_t> size) override { listener_.targetWanted(size); }
    void sourceKnown(std::optional<std::uint64_t> size, const std::string& validator,
                     std::optional<std::int64_t> modified) override {
        listener_.sourceKnown(size, validator, modified);
    }
    void opened(std::size_t origin) override { listener_.opened(origin); }
    void sourceProbed(const ProbedSource& probed) override { listener_.sourceProbed(probed); }
    void checksumMissing(const Error& reason) override { listener_.checksumMissing(reason); }
    void staged(const WorkerResult& result) override { listener_.staged(result); }

    // The first run has loaded the plugins of all origins.
    void pluginLoaded(const std::string& nameAndVersion) override {
        if (!std::exchange(pluginReported_, true)) {
            listener_.pluginLoaded(nameAndVersion);
        }
    }

    void checksumFound(const std::string& checksum) override {
        checksum_ = checksum;
        listener_.checksumFound(checksum);
    }

    void progressed(const Progress& progress) override {
        job_.attempt = progress.attempt; // the next run continues the count
        auto shown = progress;
        if (!isLast()) { // no byte of the image has arrived, whatever it says
            shown.bytes = 0;
            shown.total = unknownSize;
            shown.written = 0;
        }
        listener_.progressed(shown);
    }

    void ended(const WorkerResult& result, const std::optional<Error>& failure) override {
        auto how = failure;
        auto last = result;
        if (!failure && !isLast()) {
            try {
                if (!cancelled_) {
                    startNext(); // replaces the run that calls this
                    return;
                }
                how.emplace(ErrorCode::Cancelled, "cancelled");
            } catch (const Error& error) {
                how = error;
                last = {};
            }
        }
        listener_.ended(last, how); // last: it may destroy this
    }

    sd_event* event_;
    WorkerProgram program_;
    WorkerListener& listener_;
    WorkerJob job_;
    JobPurpose purpose_; // of the current run
    std::string checksum_;
    Clock::time_point begun_ = Clock::now();
    bool pluginReported_ = false;
    bool cancelled_ = false;
    std::unique_ptr<WorkerRun> run_; // last: refers to the members above
};

WorkerProcess::WorkerProcess(sd_event* event, const WorkerProgram& program, WorkerJob job,
                             WorkerListener& listener)
    : state_(std::make_unique<State>(event, program, std::move(job), listener)) {}

WorkerProcess::~WorkerProcess() = default;

void WorkerProcess::giveTarget(const PreparedTarget& target) {
    state_->run().giveTarget(target);
}
void WorkerProcess::refuseTarget(const Error& reason) {
    state_->run().refuseTarget(reason);
}
void WorkerProcess::permitCommit() {
    state_->run().permitCommit();
}
void WorkerProcess::cancel() {
    state_->cancel();
}

} // namespace bootferry
