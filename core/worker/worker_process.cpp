// SPDX-License-Identifier: LGPL-2.1-or-later
// Most jobs are one run. A transfer whose checksum is in a list is three: the options of all plugins are
// checked before any network is used; a process that knows only the list's server reads the list, and ends;
// and the process that connects to the image's server starts with a checksum that it can no longer change.
// The listener sees them as one.
//
// A list that has to be signed is not read by the process that fetches it, which could forge what it reports.
// It is fetched like an image, by a worker that writes it into memory, and so is its signature
// (signed_list_fetch.h). gpgv verifies a copy of that memory, and the checksum is looked up in the bytes that
// gpgv has verified.
#include "worker_process.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <spdlog/fmt/fmt.h>

#include "event_loop.h"
#include "list_memory.h"
#include "quantities.h"
#include "signature_check.h"
#include "signed_list.h"
#include "signed_list_fetch.h"
#include "worker_patience.h"
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

enum class Stage {
    Options,    // of all plugins, without a network
    Checksum,   // an unsigned list is read by a worker
    SignedList, // a signed list is fetched, and its signature
    Judging,    // gpgv verifies it; no worker runs
    Job,        // the job itself
};

Stage firstStage(const WorkerJob& job) {
    return job.purpose == JobPurpose::Transfer && job.request.checksumUrl ? Stage::Options : Stage::Job;
}

void requireKeys(const WorkerJob& job) {
    if (job.purpose != JobPurpose::Transfer || !job.request.signature) {
        return;
    }
    if (!job.request.checksumUrl) {
        throw Error(ErrorCode::Internal, "a signature is required, but there is no checksum list");
    }
    if (job.keys.empty()) {
        throw Error(
            ErrorCode::NotFound,
            fmt::format("no key is trusted, so no signature can be verified: put the signer's key into "
                        "{}/keys/NAME.gpg or NAME.asc, or a certificate for CMS signatures into NAME.pem (of "
                        "the initrd, for a boot)",
                        settingsFolder()));
    }
    if (job.keys.certificates.empty()) {
        requireGpgv();
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
          stage_(firstStage(job_)), patience_(job_.request.timeout, job_.request.idleTimeout) {
        requireKeys(job_);
        start();
        if (patience_.isLimited()) {
            scheduleLook();
        }
    }

    [[nodiscard]] WorkerRun& run() { return *run_; }

    void giveTarget(const PreparedTarget& target) {
        writesToReader_ = target.blockSize == streamBlockSize;
        run_->giveTarget(target);
    }

    void giveTarget(const PreparedTarget& target, const UniqueFd& nbdSocket, const UniqueFd& memory) {
        run_->giveTarget(target, nbdSocket, memory);
    }

    void cancel() {
        cancelled_ = true;
        if (check_) {
            check_->cancel();
        } else {
            run_->cancel();
        }
    }

private:
    [[nodiscard]] bool isLast() const { return stage_ == Stage::Job; }
    [[nodiscard]] bool isFetching() const { return stage_ == Stage::SignedList; }

    void scheduleLook() {
        look_ =
            startTimer(event_, WorkerPatience::interval, onLook, this, "watching the worker's time limit");
    }

    static int onLook(sd_event_source*, std::uint64_t, void* userdata) {
        auto& self = *static_cast<State*>(userdata);
        if (const auto limit = self.missedLimit()) {
            self.run_->giveUp(Error(ErrorCode::Timeout,
                                    fmt::format("gave up after {}: a process of the transfer does not react",
                                                formatDuration(*limit))));
            self.look_.reset();
        } else {
            self.scheduleLook();
        }
        return 0;
    }

    // While the reader of a pipe does not read, the worker sleeps, and the program that has opened the pipe
    // applies the limits (core/cli/fetch/output_watch.h).
    [[nodiscard]] std::optional<WorkerPatience::Duration> missedLimit() {
        if (check_ || cancelled_) { // these have limits of their own
            return std::nullopt;
        }
        const bool wasHeard = run_->wasHeard();
        return patience_.missed(
            {.elapsed = std::chrono::duration_cast<WorkerPatience::Duration>(Clock::now() - begun_),
             .waitsForUs = run_->waitsForAnswer(),
             .wasHeard = wasHeard || writesToReader_,
             .isAsleep = run_->isAsleep(),
             .hasReceived = isLast() && run_->hasReceived()});
    }

    // The job of the stage's worker.
    [[nodiscard]] WorkerJob jobOfStage() const {
        if (isFetching()) {
            return list_->fetchJob(job_);
        }
        auto job = job_;
        if (stage_ == Stage::Options) {
            job.purpose = JobPurpose::OptionCheck;
        } else if (stage_ == Stage::Checksum) {
            job.purpose = JobPurpose::TransferChecksum;
            job.request.mirrors.clear();
            job.request.continuation.reset();
        }
        return job;
    }

    void start() {
        auto job = jobOfStage();
        if (isLast()) {
            job_ = {.purpose = job.purpose}; // its secrets are no longer needed
        }
        if (isFetching()) {
            shorten(job.request.timeout, Clock::now() - begun_);
            memory_.emplace();
        }
        run_ = std::make_unique<WorkerRun>(event_, program_, std::move(job),
                                           static_cast<WorkerListener&>(*this));
    }

    void enter(Stage stage) {
        stage_ = stage;
        if (stage_ == Stage::SignedList) {
            list_.emplace(job_.request);
        }
        start();
    }

    // written: bytes of a fetched file.
    void startNext(std::uint64_t written) {
        switch (stage_) {
        case Stage::Options:
            enter(job_.request.signature ? Stage::SignedList : Stage::Checksum);
            break;
        case Stage::SignedList:
            arrived(memory_->read(written));
            break;
        case Stage::Checksum:
        case Stage::Judging:
        case Stage::Job:
            startImage();
            break;
        }
    }

    void startImage() {
        shorten(job_.request.timeout, Clock::now() - begun_);
        job_.checksumOrigin = job_.request.checksumUrl->shown();
        job_.request.checksumUrl.reset();
        job_.request.signature.reset();
        job_.request.checksum = checksum_;
        enter(Stage::Job);
    }

    void arrived(std::string file) {
        auto message = list_->arrived(std::move(file));
        if (!message) {
            start(); // another file is fetched
            return;
        }
        message->keys = job_.keys;
        stage_ = Stage::Judging;
        try {
            check_ = std::make_unique<SignatureCheck>(
                event_, program_, *message,
                [this](const SignatureCheck::Verdict& verdict) { judged(verdict); });
        } catch (const Error& error) {
            throw list_->notVerified(error);
        }
    }

    void judged(SignatureCheck::Verdict verdict) { // a copy: the check is destroyed
        check_.reset();
        try {
            if (cancelled_) {
                throw Error(ErrorCode::Cancelled, "cancelled");
            }
            if (verdict.failure) {
                throw list_->notVerified(*verdict.failure);
            }
            checksum_ = list_->checksumIn(verdict.text);
            listener_.listSigned(verdict.signer);
            listener_.checksumFound(checksum_);
            startNext(0);
        } catch (const Error& error) {
            listener_.ended({}, error); // last: it may destroy this
        }
    }

    void imageHasAtLeast(std::uint64_t size) override {
        if (isLast()) {
            listener_.imageHasAtLeast(size);
        }
    }
    void targetWanted(std::optional<std::uint64_t> size) override {
        if (isLast()) {
            listener_.targetWanted(size);
        } else if (size.value_or(0) > ListMemory::largest) {
            run_->refuseTarget(Error(ErrorCode::TooLarge, "it is larger than 1 MiB"));
        } else {
            run_->giveTarget(memory_->target());
        }
    }
    void sourceKnown(std::optional<std::uint64_t> size, const std::string& validator,
                     std::optional<std::int64_t> modified) override {
        if (isLast()) {
            listener_.sourceKnown(size, validator, modified);
        }
    }
    void opened(std::size_t origin) override {
        if (isLast()) { // no other file's server is a source of the image
            listener_.opened(origin);
        }
    }
    void ready() override { listener_.ready(); }
    void filled() override { listener_.filled(); }
    void sourceProbed(const ProbedSource& probed) override { listener_.sourceProbed(probed); }
    void checksumMissing(const Error& reason) override { listener_.checksumMissing(reason); }
    void staged(const WorkerResult& result) override {
        if (isLast()) {
            listener_.staged(result);
        } else {
            run_->permitCommit();
        }
    }

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

    void checksumDiffers(const std::string& received) override { listener_.checksumDiffers(received); }

    void progressed(const Progress& progress) override {
        job_.attempt = progress.attempt; // the next run continues the count
        auto shown = progress;
        if (!isLast()) { // no byte of the image has arrived, whatever it says
            shown.bytes = 0;
            shown.total = unknownSize;
            shown.written = 0;
            describeFetch(shown);
        }
        listener_.progressed(shown);
    }

    void describeFetch(Progress& shown) const {
        if (isFetching() && shown.state != TransferState::Waiting) {
            const bool isMoving = shown.state != TransferState::Connecting;
            shown.state = TransferState::Connecting;
            shown.detail = isMoving ? list_->activity() : shown.detail;
        }
    }

    void ended(const WorkerResult& result, const std::optional<Error>& failure) override {
        auto how = failure;
        auto last = result;
        if (!isLast()) {
            const auto written = result.written;
            last = {.crashed = result.crashed};
            try {
                if (failure && isFetching() && failure->code() != ErrorCode::Cancelled) {
                    how = list_->whyNotFetched(*failure);
                }
                if (!how && cancelled_) {
                    how.emplace(ErrorCode::Cancelled, "cancelled");
                }
                if (!how && failure) {
                    start(); // replaces the run that calls this
                    return;
                }
                if (!how) {
                    startNext(written); // replaces the run that calls this
                    return;
                }
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
    Stage stage_;
    WorkerPatience patience_;
    EventSourceHandle look_;
    bool writesToReader_ = false; // the target is a pipe
    std::string checksum_;
    std::optional<SignedListFetch> list_;
    std::optional<ListMemory> memory_; // of the file that is fetched
    Clock::time_point begun_ = Clock::now();
    bool pluginReported_ = false;
    bool cancelled_ = false;
    std::unique_ptr<SignatureCheck> check_; // while no worker runs
    std::unique_ptr<WorkerRun> run_;        // last: refers to the members above
};

WorkerProcess::WorkerProcess(sd_event* event, const WorkerProgram& program, WorkerJob job,
                             WorkerListener& listener)
    : state_(std::make_unique<State>(event, program, std::move(job), listener)) {}

WorkerProcess::~WorkerProcess() = default;

void WorkerProcess::giveTarget(const PreparedTarget& target) {
    state_->giveTarget(target);
}
void WorkerProcess::giveTarget(const PreparedTarget& target, const UniqueFd& nbdSocket,
                               const UniqueFd& memory) {
    state_->giveTarget(target, nbdSocket, memory);
}
void WorkerProcess::refuseTarget(const Error& reason) {
    state_->run().refuseTarget(reason);
}
void WorkerProcess::permitCommit() {
    state_->run().permitCommit();
}
void WorkerProcess::proceed(bool takesOver) {
    state_->run().proceed(takesOver);
}
void WorkerProcess::dismiss() {
    state_->run().dismiss();
}
void WorkerProcess::cancel() {
    state_->cancel();
}

} // namespace bootferry
