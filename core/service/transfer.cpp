// SPDX-License-Identifier: LGPL-2.1-or-later
// After a crash the target's contents are not trusted: the target is released and prepared anew for the next
// worker (transfer_target.h). A disk stays open meanwhile.
#include "transfer.h"

#include <algorithm>
#include <random>
#include <utility>

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>

#include "device_usage.h"
#include "event_loop.h"
#include "files.h"
#include "log.h"
#include "retry_policy.h"
#include "service_stopped.h"

namespace bootferry {
namespace {

constexpr unsigned crashesAllowed = 5;
constexpr std::chrono::seconds deviceTimeout{90};
constexpr std::chrono::milliseconds deviceCheckInterval{250};
constexpr std::chrono::milliseconds rateInterval{1000}; // between updates of the rate while no reports arrive

dev_t deviceOfRoot() {
    struct stat status {};
    return ::stat("/", &status) == 0 ? status.st_dev : 0;
}

} // namespace

double Transfer::randomFraction() {
    static std::minstd_rand generator{std::random_device{}()};
    return std::uniform_real_distribution<>(0, 1)(generator);
}

Transfer::Transfer(std::uint32_t id, sd_event* event, WorkerProgram program, WorkerJob job,
                   TransferListener& listener)
    : event_(event), program_(std::move(program)), job_(std::move(job)), listener_(listener),
      meter_(shownUrls(job_.request)), target_(job_.request.target),
      begun_(TransferMeter::Time::clock::now()),
      initrdMark_(::open("/etc/initrd-release", O_PATH | O_CLOEXEC)), begunRoot_(deviceOfRoot()) {
    status_.id = id;
    status_.url = job_.request.url.shown();
    status_.target = job_.request.target;
    status_.checksumRequested = job_.request.checksum || job_.request.checksumUrl;
    status_.checksum = job_.request.checksum.value_or("");
    status_.startedUSec = currentTimeUSec();
    status_.state = TransferState::Waiting;
    job_.request.requireDeclaredSize = job_.request.requireLiveImage && !target_.isRam();
}

Transfer::~Transfer() {
    step_.reset();
    exchange_.reset(); // before the worker, which may have to answer a read
    standby_.reset();
    dropWorker();
}

void Transfer::dropWorker() {
    worker_ = nullptr;
    isFilled_ = false;
    started_.reset();
    successor_.reset();
}

void Transfer::start() {
    if (target_.isRam()) {
        startWorker();
    } else if (target_.exists()) {
        inspectDisk();
    } else {
        waitForDevice();
    }
}

void Transfer::cancel() {
    if (ended()) {
        return;
    }
    isEnding_ = true;
    if (exchange_) { // exchanged() looks at it: without a worker, the reads under way would wait for ever
        return;
    }
    if (worker_) {
        worker_->cancel();
    } else if (step_) {
        cancelled_ = true;
    } else {
        fail(Error(ErrorCode::Cancelled, "cancelled"));
    }
}

void Transfer::stop() {
    stopped_ = true;
    cancel();
}

void Transfer::inBackground(BackgroundStep::Work work, std::function<void()> next) {
    step_.emplace(
        event_, std::move(work),
        [this, next = std::move(next)](const std::optional<Error>& failure) { stepEnded(failure, next); });
}

void Transfer::stepEnded(const std::optional<Error>& failure, const std::function<void()>& next) {
    step_.reset();
    try {
        if (const auto end = std::exchange(workerEnd_, std::nullopt)) {
            workerEnded(*end);
        } else if (!failure) {
            next();
        } else if (worker_) {
            worker_->refuseTarget(*failure);
        } else {
            fail(cancelled_ ? Error(ErrorCode::Cancelled, "cancelled") : *failure);
        }
        endServing();
    } catch (const Error& error) {
        fail(error);
    }
}

// The device exists.
void Transfer::inspectDisk() {
    status_.detail = fmt::format("inspecting '{}'", status_.target);
    inBackground([this] { target_.inspect(job_.request); },
                 [this] {
                     if (cancelled_) {
                         fail(Error(ErrorCode::Cancelled, "cancelled"));
                     } else if (!target_.reusedDevice().empty()) {
                         checkRequest();
                     } else {
                         startWorker();
                     }
                 });
}

// A wrong request fails on a deployed disk as on every other one: a worker checks it, without the network. A
// disk that boots does not depend on that worker, though.
void Transfer::checkRequest() {
    job_.purpose = JobPurpose::OptionCheck;
    job_.request.onDemand = false;
    try {
        startWorker();
    } catch (const Error& error) {
        reuseUnchecked(error);
    }
}

void Transfer::reuseUnchecked(const Error& reason) {
    logWarning(fmt::format("checking the request for '{}', which is deployed already: {}, ignoring",
                           target_.reusedDevice(), reason.what()));
    reuse();
}

void Transfer::reuse() {
    status_.reused = true;
    succeed(target_.reusedDevice());
}

void Transfer::waitForDevice() {
    using Seconds = std::chrono::duration<double>;
    const auto waited = TransferMeter::Time::clock::now() - begun_;
    const auto longest = std::min<Seconds>(deviceTimeout, job_.request.timeout.value_or(deviceTimeout));
    if (waited >= longest) {
        throw Error(ErrorCode::NotFound, fmt::format("'{}' did not appear within {:g} s; existing disks: {}",
                                                     status_.target, longest.count(), listDisks()));
    }
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(waited).count();
    timer_ = later(deviceCheckInterval, onDeviceCheck);
    status_.state = TransferState::Waiting;
    const auto near = nearestDevice(status_.target);
    status_.detail = fmt::format("waiting for the device '{}' ({} of {:g} s){}", status_.target, seconds,
                                 longest.count(), near.empty() ? "" : fmt::format("; there is '{}'", near));
    listener_.changed(*this);
}

int Transfer::onDeviceCheck(sd_event_source*, std::uint64_t, void* userdata) {
    auto& self = *static_cast<Transfer*>(userdata);
    self.timer_.reset();
    try {
        if (self.target_.exists()) {
            self.inspectDisk();
        } else {
            self.waitForDevice();
        }
    } catch (const Error& error) {
        self.fail(error);
    }
    return 0;
}

EventSourceHandle Transfer::later(std::chrono::milliseconds wait, sd_event_time_handler_t handler) {
    return startTimer(event_, wait, handler, this, "scheduling the next attempt");
}

void Transfer::startWorker() {
    leastSize_ = 0;
    started_ = std::make_unique<WorkerProcess>(event_, program_, job_, static_cast<WorkerListener&>(*this));
    worker_ = started_.get();
    workerBegun_ = TransferMeter::Time::clock::now();
}

void Transfer::targetWanted(std::optional<std::uint64_t> size) {
    if (job_.request.onDemand) {
        serve(size);
        return;
    }
    inBackground([this, size, least = leastSize_] { target_.prepare(job_.request, size, least); },
                 [this] { worker_->giveTarget(target_.prepared()); });
}

void Transfer::pluginLoaded(const std::string& nameAndVersion) {
    status_.plugin = nameAndVersion; // reported with the next progress
}

void Transfer::listSigned(const std::string& signer) {
    status_.signedBy = signer;
    logInfo(fmt::format("the checksum list for {} is signed by {}", status_.url, signer));
    listener_.changed(*this);
}

void Transfer::progressed(const Progress& progress) {
    meter_.progressed(status_, progress, TransferMeter::Time::clock::now());
    logArrival();
    if (progress.state != TransferState::Transferring) {
        rateTimer_.reset();
    } else {
        scheduleRateUpdate();
    }
    listener_.changed(*this);
}

// A stalled worker sends no reports, so this timer is needed to let the displayed rate fall to 0.
void Transfer::scheduleRateUpdate() {
    rateTimer_ = later(rateInterval, onRateDue);
}

int Transfer::onRateDue(sd_event_source*, std::uint64_t, void* userdata) {
    auto& self = *static_cast<Transfer*>(userdata);
    self.meter_.timePassed(self.status_, TransferMeter::Time::clock::now());
    if (self.status_.rate > 0) {
        self.scheduleRateUpdate();
    } else {
        self.rateTimer_.reset();
    }
    self.listener_.changed(self);
    return 0;
}

void Transfer::staged(const WorkerResult& result) {
    result_ = result;
    if (exchange_ || !target_.isDisk()) { // during the exchange, an earlier worker has committed it
        worker_->permitCommit();
        return;
    }
    inBackground([this, written = result.written] { target_.clearBehind(written); },
                 [this] { worker_->permitCommit(); });
}

void Transfer::ended(const WorkerResult& result, const std::optional<Error>& failure) {
    WorkerEnd end{.result = result, .failure = failure};
    dropWorker(); // also destroys `result`, and the descriptors, which an ended transfer must not keep
    if (step_) {
        workerEnd_ = std::move(end);
        return;
    }
    try {
        workerEnded(end);
    } catch (const Error& error) {
        fail(error);
    }
}

void Transfer::workerEnded(const WorkerEnd& end) {
    if (!target_.isLocal() || end.result.written > 0) { // one that took over at the end had nothing to do
        result_ = end.result;
    }
    if (!end.failure && !target_.reusedDevice().empty()) {
        reuse();
    } else if (end.failure && end.failure->code() == ErrorCode::Internal && !target_.reusedDevice().empty()) {
        reuseUnchecked(*end.failure);
    } else if (target_.served() != nullptr && !target_.isLocal()) {
        serverEnded(end.failure.value_or(
            Error(ErrorCode::Internal, "the process has ended before the device showed the whole image")));
    } else if (!end.failure || target_.isLocal()) {
        closeTarget();
    } else if (job_.request.onDemand && end.failure->code() == ErrorCode::Unsupported) {
        fetchAsAWhole(end.failure->what());
        inBackground([this] { target_.release(); },
                     [this] {
                         if (isEnding_) {
                             fail(Error(ErrorCode::Cancelled, "cancelled"));
                         } else {
                             startWorker();
                         }
                     });
    } else if (result_.crashed && ++crashes_ < crashesAllowed) {
        retryLater(*end.failure);
    } else {
        fail(*end.failure);
    }
}

void Transfer::closeTarget() {
    const auto device = std::make_shared<std::string>();
    inBackground([this, device] { *device = target_.close(); }, [this, device] { succeed(*device); });
}

void Transfer::retryLater(const Error& failure) {
    inBackground([this] { target_.release(); },
                 [this, failure] {
                     if (cancelled_) {
                         fail(Error(ErrorCode::Cancelled, "cancelled"));
                     } else {
                         scheduleRetry(failure);
                     }
                 });
}

void Transfer::scheduleRetry(const Error& failure) {
    const auto wait = RetryPolicy{}.delay(crashes_, randomFraction());
    timer_ = later(wait, onRetry);
    job_.attempt = ++status_.attempt;
    rateTimer_.reset();
    status_.state = TransferState::Waiting;
    status_.detail = fmt::format("{}; starting over in {} s", failure.what(), (wait.count() + 999) / 1000);
    status_.rate = 0;
    status_.remainingUSec = UINT64_MAX;
    listener_.changed(*this);
}

int Transfer::onRetry(sd_event_source*, std::uint64_t, void* userdata) {
    auto& self = *static_cast<Transfer*>(userdata);
    self.timer_.reset();
    try {
        self.startWorker();
    } catch (const Error& error) {
        if (self.target_.served() != nullptr) {
            self.awaitWorker(error);
        } else {
            self.fail(error);
        }
    }
    return 0;
}

void Transfer::succeed(const std::string& device) {
    status_.device = device;
    setDone(status_, result_.bytes, result_.written, result_.digest,
            TransferMeter::Time::clock::now() - begun_);
    end();
}

// The end is announced when the device is free again.
void Transfer::fail(const Error& failure) {
    if (exchange_) { // it uses the target, and ends by itself
        logError(fmt::format("{}: {}; ignoring", status_.url, failure.what()));
        return;
    }
    localTimer_.reset();
    standby_.reset();
    standbyTimer_.reset();
    timer_.reset();
    rateTimer_.reset();
    const auto release = [this] {
        target_.release();
        target_.closeDisk();
    };
    const auto announce = [this, failure] {
        setFailed(status_, failure, received_, TransferMeter::Time::clock::now() - begun_);
        if (stopped_ && status_.state == TransferState::Cancelled) {
            status_.errorName = serviceStopped;
            status_.errorMessage = "bootferryd was stopped";
        }
        end();
    };
    try {
        inBackground(release, announce);
    } catch (const Error&) { // no descriptor is left for a step
        release();
        announce();
    }
}

void Transfer::end() {
    job_ = {}; // its secrets are no longer needed
    standby_.reset();
    standbyTimer_.reset();
    timer_.reset();
    rateTimer_.reset();
    listener_.ended(*this);
}

} // namespace bootferry
