// SPDX-License-Identifier: LGPL-2.1-or-later
// One transfer from request to end: one worker at a time, the target it writes to, and its public status. A
// worker that crashes is one failed attempt; a failure that a worker reports is final, because the worker has
// already applied the retry policy. Independent of D-Bus. What blocks (opening, reading and wiping a disk,
// freeing memory) is a step in the background, at most one at a time, and on demand the exchange beside it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "background_step.h"
#include "replacement_pace.h"
#include "standby_worker.h"
#include "transfer_meter.h"
#include "transfer_request.h"
#include "transfer_status.h"
#include "transfer_target.h"
#include "worker_process.h"

namespace bootferry {

class Transfer;

class TransferListener {
public:
    TransferListener() = default;
    TransferListener(const TransferListener&) = delete;
    TransferListener& operator=(const TransferListener&) = delete;
    virtual ~TransferListener() = default;

    // On demand, once: the image can be read, from the device in the status, although it is not complete.
    virtual void readable(Transfer& transfer) = 0;
    virtual void changed(Transfer& transfer) = 0; // not for the change to the final state
    // Once, when the state is final and before any client is notified, so that what others wait for can be
    // put in place first. The target's descriptor is closed.
    virtual void ended(Transfer& transfer) = 0;
};

class Transfer : private WorkerListener {
public:
    // `event` and `listener` must outlive the object. Nothing runs before start().
    Transfer(std::uint32_t id, sd_event* event, WorkerProgram program, WorkerJob job,
             TransferListener& listener);
    ~Transfer() override;

    void start();  // throws Error if no worker can be started
    void cancel(); // the end follows within a few seconds; does nothing after the end
    void stop();   // the same, because the service ends

    [[nodiscard]] std::uint32_t id() const { return status_.id; }
    [[nodiscard]] const TransferStatus& status() const { return status_; }
    [[nodiscard]] bool ended() const { return isFinal(status_.state); }
    // Once, after the end of a transfer on demand: what was read meanwhile (boot_profile.h), or nothing.
    [[nodiscard]] std::string takeBootProfile() { return target_.takeBootProfile(); }

private:
    void imageHasAtLeast(std::uint64_t size) override { leastSize_ = size; }
    void targetWanted(std::optional<std::uint64_t> size) override;
    void pluginLoaded(const std::string& nameAndVersion) override;
    void checksumFound(const std::string& checksum) override { status_.checksum = checksum; }
    void checksumDiffers(const std::string& received) override { received_ = received; }
    void listSigned(const std::string& signer) override;
    void opened(std::size_t origin) override { meter_.opened(origin); }
    void progressed(const Progress& progress) override;
    void staged(const WorkerResult& result) override;
    void ready() override { worker_->proceed(target_.served() != nullptr); }
    void filled() override;
    void ended(const WorkerResult& result, const std::optional<Error>& failure) override;

    struct WorkerEnd {
        WorkerResult result;
        std::optional<Error> failure;
    };

    // Runs `work` in the background, then `next`. If it has failed, the worker gets the failure as its
    // answer, or without a worker the transfer fails. If the worker has ended meanwhile, its end is handled
    // instead.
    void inBackground(BackgroundStep::Work work, std::function<void()> next);
    void stepEnded(const std::optional<Error>& failure, const std::function<void()>& next);
    void inspectDisk();
    void checkRequest();
    void reuseUnchecked(const Error& reason);
    void reuse();
    void waitForDevice();
    void scheduleRateUpdate();
    void logArrival();
    void startWorker();
    void dropWorker();
    // On demand (transfer_ondemand.cpp):
    void serve(std::optional<std::uint64_t> size);
    void reconnect();
    void giveServedTarget();
    void makeLocal();
    void exchanged(const std::optional<Error>& failure);
    void endServing();
    void startStandby();
    void fetchAsAWhole(const std::string& why);
    void serverEnded(const Error& failure);
    void replaceWorker(const Error& failure);
    void takeNextWorker(const Error& failure);
    void awaitWorker(const Error& failure);
    [[nodiscard]] bool canStartWorkers() const;
    void workerEnded(const WorkerEnd& end);
    void closeTarget();
    void retryLater(const Error& failure);
    void scheduleRetry(const Error& failure);
    [[nodiscard]] EventSourceHandle later(std::chrono::milliseconds wait, sd_event_time_handler_t handler);
    void succeed(const std::string& device);
    void fail(const Error& failure);
    void end();
    static int onRetry(sd_event_source* source, std::uint64_t time, void* userdata);
    static int onRateDue(sd_event_source* source, std::uint64_t time, void* userdata);
    static int onDeviceCheck(sd_event_source* source, std::uint64_t time, void* userdata);
    static int onStandbyDue(sd_event_source* source, std::uint64_t time, void* userdata);
    static int onReconnectDue(sd_event_source* source, std::uint64_t time, void* userdata);
    static int onReplacementDue(sd_event_source* source, std::uint64_t time, void* userdata);
    static double randomFraction(); // in [0, 1)
    static int onLocalDue(sd_event_source* source, std::uint64_t time, void* userdata);

    sd_event* event_;
    WorkerProgram program_;
    WorkerJob job_;
    TransferListener& listener_;
    TransferStatus status_;
    WorkerResult result_;
    std::string received_; // the last checksum that was not the requested one
    TransferMeter meter_;
    std::uint64_t leastSize_ = 0; // as the image declares it
    TransferTarget target_;
    bool cancelled_ = false;      // cancelled while no worker runs
    bool isEnding_ = false;       // cancel() was called
    bool stopped_ = false;        // by stop()
    unsigned quartersLogged_ = 0; // on demand, of what has arrived
    unsigned crashes_ = 0;
    TransferMeter::Time begun_;
    EventSourceHandle timer_; // for the next attempt, or the next check for the device
    EventSourceHandle standbyTimer_;
    EventSourceHandle localTimer_; // for the next attempt of the exchange
    EventSourceHandle rateTimer_;  // updates the rate without reports
    const UniqueFd initrdMark_;    // of the initrd in which it has begun; nothing elsewhere
    const dev_t begunRoot_;        // the file system that was "/" then
    std::unique_ptr<WorkerProcess> started_;
    std::unique_ptr<StandbyWorker> standby_;   // on demand: waits for its turn
    std::unique_ptr<StandbyWorker> successor_; // on demand: its turn has come
    ReplacementPace pace_;
    TransferMeter::Time workerBegun_;
    WorkerProcess* worker_ = nullptr;    // the one that runs: one of these two
    std::optional<WorkerEnd> workerEnd_; // to be handled when the running step has ended
    bool isFilled_ = false;              // worker_ has reported that the image is complete
    // On demand, the exchange (makeLocal()), which waits for reads that a worker has to answer. The only one
    // that runs beside a step: another worker gets its socket meanwhile.
    std::optional<BackgroundStep> exchange_;
    // While it runs, target_ belongs to it. Destroyed first.
    std::optional<BackgroundStep> step_;
};

} // namespace bootferry
