// SPDX-License-Identifier: LGPL-2.1-or-later
// The smallest supervisor: one worker on one event loop, one target, one progress line.
#include "fetch_job.h"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <utility>

#include <spdlog/fmt/fmt.h>

#include "disk.h"
#include "disk_plan.h"
#include "event_loop.h"
#include "exit_status.h"
#include "file_target.h"
#include "output_watch.h"
#include "quantities.h"
#include "standard_streams.h"
#include "stream_target.h"
#include "supervising_loop.h"
#include "worker_start.h"

namespace bootferry {
namespace {

constexpr std::chrono::seconds rateInterval{1};

// The bytes received are wrong or may be wrong: the next try must not continue after them.
bool areWrong(const Error& failure) {
    switch (failure.code()) {
    case ErrorCode::Corrupt:
    case ErrorCode::NotLive:
        return true;
    default:
        return false;
    }
}

// The last bytes may be missing or wrong, but not those that an earlier fetch had received.
bool endsAtFault(const Error& failure) {
    switch (failure.code()) {
    case ErrorCode::Internal: // the worker crashed, or was killed
    case ErrorCode::Io:
    case ErrorCode::Range:
    case ErrorCode::TooLarge:
        return true;
    default:
        return false;
    }
}

class Fetch : public WorkerListener {
public:
    Fetch(WorkerJob job, ChosenTarget target, FetchReport& report, BootFetch boot)
        : request_(std::move(job.request)), job_(std::move(job)), boot_(std::move(boot)), report_(report),
          file_(std::move(target.file)), target_(std::move(target.stream)),
          loop_([this] { worker_->cancel(); }) {
        if (isDevice()) {
            disk_.emplace(request_.target);
            (void)acceptableContents(); // refuse before fetching
            request_.decode = true;
        }
        if (file_) {
            findPart();
        }
    }

    int run() {
        if (isStream()) {
            output_.emplace(loop_.event(), target_.fd.get(),
                            OutputPatience(request_.timeout, request_.idleTimeout),
                            [this](auto limit) { outputIsStuck(limit); });
        }
        auto job = job_;
        job.request = request_;
        job.proxies = proxyVariables();
        worker_ = startWorker(loop_.event(), std::move(job), *this);
        return loop_.run();
    }

    void imageHasAtLeast(std::uint64_t size) override { leastSize_ = size; }

    void sourceKnown(std::optional<std::uint64_t> size, const std::string& validator,
                     std::optional<std::int64_t> modified) override {
        source_ = {.size = size, .validator = validator};
        modified_ = modified;
        report_.sourceKnown(size, validator);
    }

    void targetWanted(std::optional<std::uint64_t> size) override {
        try {
            if (size.value_or(0) > boot_.largest) {
                throw Error(ErrorCode::TooLarge,
                            fmt::format("it is larger than {}: check the URL", formatSize(boot_.largest)));
            }
            if (file_) {
                target_ = file_->open(size);
                target_.capacity = std::min(target_.capacity, boot_.largest);
            } else if (isDevice()) {
                if (size == 0U) {
                    throw Error(ErrorCode::NotLive, "it is empty: the device is left as it is");
                }
                openDevice(size);
            } else if (size) {
                requireRoomInStream(target_.fd, request_.target, *size);
            }
            worker_->giveTarget(target_);
        } catch (const Error& error) {
            worker_->refuseTarget(error);
        }
    }

    void pluginLoaded(const std::string& nameAndVersion) override { report_.pluginLoaded(nameAndVersion); }
    void checksumFound(const std::string& checksum) override { report_.checksumFound(checksum); }
    void checksumDiffers(const std::string& received) override { report_.checksumDiffers(received); }
    void listSigned(const std::string& signer) override { report_.listSigned(signer); }
    void opened(std::size_t origin) override { report_.opened(origin); }
    void progressed(const Progress& progress) override {
        if (output_) {
            output_->written(progress.written);
        }
        requireRoomFor(progress.total);
        noteStartOver(progress);
        report_.progressed(progress);
        scheduleRateUpdate(); // restarts the timer: it expires after a second without a report
    }
    void staged(const WorkerResult& result) override {
        try {
            if (disk_) {
                disk_->clearBehind(result.written);
            }
            worker_->permitCommit();
        } catch (const Error& error) {
            worker_->refuseTarget(error);
        }
    }

    void ended(const WorkerResult& result, const std::optional<Error>& failure) override {
        beat_.reset();
        output_.reset();
        if (file_) {
            target_.fd.reset(); // only the file itself still has it open
        }
        try {
            if (failure) {
                throw stopped_ && failure->code() == ErrorCode::Cancelled ? *stopped_ : *failure;
            }
            if (const auto lost = file_ ? file_->publish(modified_) : ""; !lost.empty()) {
                printError("{}\n", lost);
            }
            if (isDevice()) {
                target_.fd.reset();
                disk_->rereadPartitionTable();
            }
            report_.done(result, disk_ ? request_.target : "");
            loop_.end(EXIT_SUCCESS);
        } catch (const Error& error) {
            giveUp(error);
        }
    }

private:
    // Called as soon as the size is known: if the connection keeps breaking, the target is not requested for
    // a long time.
    void requireRoomFor(std::uint64_t total) {
        if (!file_ || target_.fd || request_.decode || stopped_ || total == unknownSize) {
            return;
        }
        try {
            file_->requireRoom(total);
        } catch (const Error& error) {
            stopped_ = error;
            worker_->cancel();
        }
    }

    void noteStartOver(const Progress& progress) {
        const auto before = std::exchange(received_, progress.bytes);
        if (!file_) {
            return;
        }
        if (progress.state == TransferState::Verifying) {
            file_->receivedAll();
        } else if (progress.bytes == 0 && before > 0) {
            file_->startsOver();
        }
    }

    void outputIsStuck(OutputPatience::Duration limit) {
        stopped_.emplace(ErrorCode::Timeout,
                         fmt::format("gave up after {}: the reader of '{}' accepts no more bytes",
                                     formatDuration(limit), request_.target));
        worker_->cancel();
    }

    void findPart() {
        const auto found = file_->findPart(request_);
        request_.continuation = found.continuation;
        if (found.continuation) {
            source_ = {.size = found.continuation->size, .validator = found.continuation->validator};
            report_.continues(found.continuation->offset, file_->partPath());
        } else if (!found.whyNot.empty()) {
            report_.doesNotContinue(found.whyNot);
        }
    }

    // Returns how many bytes are kept for the next fetch.
    std::optional<std::uint64_t> keep(const Error& failure) {
        if (!file_ || areWrong(failure)) {
            return std::nullopt;
        }
        if (failure.code() == ErrorCode::Checksum) {
            return file_->keepWhole(request_, source_);
        }
        return endsAtFault(failure) ? file_->keepEarlier() : file_->keep(request_, source_);
    }

    // The end of the message, "; nothing is kept: ...", if enough bytes have arrived that their loss needs a
    // reason.
    [[nodiscard]] std::string whyNothingIsKept(const Error& failure) const {
        if (!file_ || received_ < FileTarget::leastPart || areWrong(failure)) {
            return {};
        }
        if (endsAtFault(failure)) {
            return "; nothing is kept: the last bytes may be missing or wrong";
        }
        if (request_.decode) {
            return "; nothing is kept: decoded data cannot be resumed";
        }
        if (!source_.validator.empty()) {
            return {};
        }
        const bool isHttp = request_.url.scheme().starts_with("http");
        return fmt::format(
            "; nothing is kept: the server {}, so the next fetch could not tell whether the file is the same",
            isHttp ? "names neither ETag nor Last-Modified" : "does not report when the file changed");
    }

    [[nodiscard]] bool isStream() const { return target_.blockSize == streamBlockSize; }
    [[nodiscard]] bool isDevice() const { return !file_ && !isStream(); }

    // Refuses a deployed disk as well: a fetch is meant to write other bytes to it.
    [[nodiscard]] DiskContents acceptableContents() const {
        auto contents = disk_->contents();
        if (planDisk(request_.target, contents, request_.reset, "--reset") == DiskPlan::Use) {
            throw Error(ErrorCode::TargetRefused, fmt::format("'{}' holds {}; --reset overwrites it",
                                                              request_.target, contents.description));
        }
        if (disk_->isReadOnly()) {
            throw Error(ErrorCode::TargetRefused, fmt::format("'{}' is read-only", request_.target));
        }
        return contents;
    }

    void openDevice(std::optional<std::uint64_t> size) {
        disk_->claimForWriting();
        const auto contents = acceptableContents();
        requireRoom(*disk_, std::max(leastSize_, size.value_or(0)));
        disk_->wipe(contents);
        target_ = disk_->target();
    }

    void scheduleRateUpdate() {
        beat_ = startTimer(loop_.event(), rateInterval, onRateDue, this, "timing the progress");
    }

    static int onRateDue(sd_event_source*, std::uint64_t, void* userdata) {
        auto& self = *static_cast<Fetch*>(userdata);
        self.report_.timePassed();
        self.scheduleRateUpdate();
        return 0;
    }

    void giveUp(const Error& failure) {
        std::string kept;
        if (const auto bytes = keep(failure)) {
            kept =
                fmt::format("; {} are kept in '{}'; {}", formatSize(*bytes), file_->partPath(),
                            failure.code() == ErrorCode::Checksum
                                ? "the next fetch uses them if it has another checksum; with the same one it "
                                  "fetches all again"
                                : "the next fetch resumes from there if the server still has the same file");
        }
        kept += kept.empty() ? whyNothingIsKept(failure) : "";
        const bool quiet =
            isStream() && hasLostReader(target_.fd); // no message if the reader closed the pipe
        const auto whyNotKept = file_ ? file_->whyNotKept() : "";
        report_.failed(Error(failure.code(), failure.what() + kept + whyNotKept), !quiet);
        if (boot_.failed) {
            boot_.failed(failure);
        }
        loop_.end(exitStatusOf(failure));
    }

    TransferRequest request_;
    WorkerJob job_; // without the request
    BootFetch boot_;
    FetchReport& report_;
    std::unique_ptr<FileTarget> file_;
    std::uint64_t leastSize_ = 0;
    std::uint64_t received_ = 0; // bytes; 0 again when the source starts over
    std::optional<Disk> disk_;
    KnownSource source_;
    std::optional<std::int64_t> modified_; // on the server, seconds since 1970 UTC
    PreparedTarget target_;
    SupervisingLoop loop_;
    EventSourceHandle beat_;
    std::optional<OutputWatch> output_;     // of a stream
    std::optional<Error> stopped_;          // why the worker was cancelled; nullopt: by a signal
    std::unique_ptr<WorkerProcess> worker_; // last: refers to the members above
};

} // namespace

int runFetchJob(WorkerJob job, ChosenTarget target, FetchReport& report, BootFetch boot) {
    return Fetch(std::move(job), std::move(target), report, std::move(boot)).run();
}

} // namespace bootferry
