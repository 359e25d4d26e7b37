// SPDX-License-Identifier: LGPL-2.1-or-later
// An image that is read while it arrives. From the moment at which its device can be mounted, nothing but a
// request of somebody ends the transfer: the machine runs from it. A worker that ends is replaced, and reads
// wait meanwhile; one more has loaded its files already and waits for its turn, since none can be started
// when the files of the initrd are gone.
#include <utility>

#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>

#include "event_loop.h"
#include "log.h"
#include "quantities.h"
#include "transfer.h"

namespace bootferry {
namespace {

constexpr std::chrono::seconds pauseBeforeWorker{1};
constexpr std::chrono::seconds pauseBeforeStep{5};

} // namespace

// The root of the initrd is empty after the switch, and nothing is executed from the root that is served:
// reading it might have to wait for what is to be started. So no path is looked up here: the initrd's mark
// has no link any more when its files are gone.
bool Transfer::canStartWorkers() const {
    struct stat mark {};
    struct stat root {};
    return !initrdMark_ || (::fstat(initrdMark_.get(), &mark) == 0 && mark.st_nlink > 0 &&
                            ::stat("/", &root) == 0 && root.st_dev == begunRoot_);
}

void Transfer::fetchAsAWhole(const std::string& why) {
    logWarning(fmt::format("{}: not on demand: {}", status_.url, why));
    status_.detail = why;
    job_.request.onDemand = false;
}

// A worker that takes the place of another one may not know the size: it is in the memory.
void Transfer::serve(std::optional<std::uint64_t> size) {
    if (target_.served() != nullptr) {
        reconnect();
        return;
    }
    if (!size || *size == 0) {
        worker_->refuseTarget(Error(ErrorCode::Unsupported, "the size of the image is not known"));
        return;
    }
    inBackground(
        [this, size, least = leastSize_] {
            target_.prepare(job_.request, size, least);
            target_.serve(*size);
        },
        [this] { giveServedTarget(); });
}

// The worker waits meanwhile: it may be the last one.
void Transfer::reconnect() {
    inBackground(
        [this] {
            try {
                target_.served()->reconnect();
            } catch (const Error& error) {
                logWarning(fmt::format("{}: {}; trying again", status_.url, error.what()));
            }
        },
        [this] {
            if (target_.served()->hasSocket()) {
                giveServedTarget();
            } else {
                timer_ = later(pauseBeforeStep, onReconnectDue);
            }
        });
}

int Transfer::onReconnectDue(sd_event_source*, std::uint64_t, void* userdata) {
    auto& self = *static_cast<Transfer*>(userdata);
    self.timer_.reset();
    if (self.worker_ == nullptr || self.step_ || self.target_.isLocal()) {
        return 0;
    }
    try {
        self.reconnect();
    } catch (const Error& error) { // no descriptor or no thread is left
        logWarning(fmt::format("{}: {}; trying again", self.status_.url, error.what()));
        self.timer_ = self.later(pauseBeforeStep, onReconnectDue);
    }
    return 0;
}

void Transfer::giveServedTarget() {
    auto& device = *target_.served();
    worker_->giveTarget(device.target(), device.takeSocket(), device.memory());
    if (status_.device.empty()) {
        status_.device = device.path();
        listener_.readable(*this);
        startStandby();
    }
}

// The system runs meanwhile: its journal shows how far it is.
void Transfer::logArrival() {
    if (!job_.request.onDemand || status_.device.empty() || status_.total == unknownSize ||
        status_.total == 0) {
        return;
    }
    const auto quarters =
        static_cast<unsigned>(static_cast<double>(status_.bytes) * 4 / static_cast<double>(status_.total));
    if (quarters > quartersLogged_ && quarters < 4) {
        quartersLogged_ = quarters;
        logInfo(fmt::format("{}: {} % have arrived", status_.device, 25 * quarters));
    }
}

void Transfer::filled() {
    isFilled_ = true;
    if (target_.isLocal()) {
        endServing();
    } else if (!exchange_) { // an earlier worker has reported it, too
        makeLocal();
    }
}

// Not a step: a worker that dies while the kernel waits for its answers has to be replaced.
void Transfer::makeLocal() {
    try {
        exchange_.emplace(
            event_, [this] { target_.makeLocal(); },
            [this](const std::optional<Error>& failure) { exchanged(failure); });
    } catch (const Error& error) { // no descriptor or no thread is left
        exchanged(error);
    }
}

void Transfer::exchanged(const std::optional<Error>& failure) {
    exchange_.reset();
    if (!failure) {
        target_.madeLocal();
        logInfo(fmt::format("{} is local: all of it lies in '{}', and neither the server nor the network is "
                            "needed any more",
                            status_.device, status_.target));
        endServing();
        return;
    }
    logWarning(fmt::format("{}: {}; trying again", status_.url, failure->what())); // the worker serves on
    if (!isEnding_) {
        localTimer_ = later(pauseBeforeStep, onLocalDue);
    } else if (worker_ != nullptr) {
        worker_->cancel();
    } else if (!step_) {
        fail(Error(ErrorCode::Cancelled, "cancelled"));
    }
}

// When a worker takes the place of one that has ended during the exchange, it may be anywhere.
void Transfer::endServing() {
    if (!target_.isLocal() || step_ || ended()) {
        return; // a step's end comes here again
    }
    timer_.reset(); // for another worker, or another socket for this one
    if (target_.served() != nullptr && target_.served()->hasServer()) { // before its process is gone
        inBackground([this] { target_.served()->endServer(); }, [] {});
    } else if (worker_ == nullptr) {
        closeTarget();
    } else if (isFilled_) {
        worker_->dismiss();
    } else {
        worker_->cancel();
    }
}

int Transfer::onLocalDue(sd_event_source*, std::uint64_t, void* userdata) {
    auto& self = *static_cast<Transfer*>(userdata);
    self.localTimer_.reset();
    if (!self.exchange_ && !self.target_.isLocal() && !self.ended()) {
        self.makeLocal();
    }
    return 0;
}

void Transfer::startStandby() {
    if (standby_ || !canStartWorkers()) {
        return;
    }
    try {
        standby_ = std::make_unique<StandbyWorker>(event_, program_, job_, [this](const Error& why) {
            logWarning(fmt::format("the process that waits for its turn: {}; starting another", why.what()));
            standbyTimer_ = later(pauseBeforeStep, onStandbyDue);
            standby_.reset();
        });
    } catch (const Error& error) {
        logWarning(fmt::format("{}: none waits for its turn; trying again", error.what()));
        standbyTimer_ = later(pauseBeforeStep, onStandbyDue);
    }
}

int Transfer::onStandbyDue(sd_event_source*, std::uint64_t, void* userdata) {
    auto& self = *static_cast<Transfer*>(userdata);
    self.standbyTimer_.reset();
    self.startStandby();
    return 0;
}

// Nothing is done as long as the device needs a process that serves it, whatever that process has reported.
void Transfer::serverEnded(const Error& failure) {
    if (exchange_) { // the kernel may wait for the next one
        replaceWorker(failure);
    } else if (isEnding_) { // the worker may have ended for another reason in the same moment
        fail(Error(ErrorCode::Cancelled, "cancelled"));
    } else if (failure.code() == ErrorCode::Cancelled) {
        fail(failure);
    } else {
        replaceWorker(failure);
    }
}

void Transfer::replaceWorker(const Error& failure) {
    using std::chrono::milliseconds;
    timer_.reset(); // of reconnect()
    rateTimer_.reset();
    ++status_.attempt;
    const auto served = TransferMeter::Time::clock::now() - workerBegun_;
    const auto wait = pace_.ended(std::chrono::duration_cast<milliseconds>(served), randomFraction());
    if (wait == milliseconds(0)) {
        logError(fmt::format("{}: {}; reads wait for another process", status_.url, failure.what()));
        takeNextWorker(failure);
        return;
    }
    logError(
        fmt::format("{}: {}, like the process before it; reads wait for another one, which follows in {}",
                    status_.url, failure.what(), formatDuration(wait)));
    status_.state = TransferState::Waiting;
    status_.detail = failure.what();
    timer_ = later(wait, onReplacementDue);
    listener_.changed(*this);
}

int Transfer::onReplacementDue(sd_event_source*, std::uint64_t, void* userdata) {
    auto& self = *static_cast<Transfer*>(userdata);
    self.timer_.reset();
    self.takeNextWorker(Error(ErrorCode::Internal, self.status_.detail));
    return 0;
}

void Transfer::takeNextWorker(const Error& failure) {
    if (!standby_) {
        awaitWorker(failure);
        return;
    }
    successor_ = std::move(standby_);
    worker_ = &successor_->takeOver(*this);
    workerBegun_ = TransferMeter::Time::clock::now();
    startStandby();
}

void Transfer::awaitWorker(const Error& failure) {
    status_.state = TransferState::Waiting;
    status_.rate = 0;
    status_.remainingUSec = UINT64_MAX;
    if (canStartWorkers()) {
        status_.detail = failure.what();
        timer_ = later(pauseBeforeWorker, onRetry);
    } else {
        status_.detail = fmt::format("{}; no process is left that could fetch the rest: what has not arrived "
                                     "cannot be read, and waits until the machine is restarted",
                                     failure.what());
        logError(status_.detail);
    }
    listener_.changed(*this);
}

} // namespace bootferry
