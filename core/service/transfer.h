// SPDX-License-Identifier: LGPL-2.1-or-later
// One transfer from being asked for to its end: a worker at a time, the target it writes to, and what
// everybody may know of it. A worker that crashes is one failed attempt; what a worker reports as failed is
// final, because within a worker the retry policy has had its say. Knows nothing of D-Bus.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "disk.h"
#include "prepared_target.h"
#include "rate_meter.h"
#include "transfer_request.h"
#include "worker_process.h"

namespace bootferry {

// What D-Bus shows of a transfer and what changes while it runs. Times are in microseconds.
struct TransferStatus {
    TransferState state = TransferState::Waiting;
    std::string detail;                 // for people; may be empty
    std::uint64_t bytesTransferred = 0; // received, before any decoder
    std::uint64_t bytesTotal = unknownSize;
    std::uint64_t bytesWritten = 0;
    double progress = -1; // 0…1; -1: not known
    std::uint64_t rate = 0;
    std::uint64_t remainingUSec = UINT64_MAX; // UINT64_MAX: not known
    std::uint32_t attempt = 1;
    std::string plugin; // "curl 0.1.0"; empty until a worker has loaded it
    // Where the image lies: the target, or the loop device that stands in for it. Empty until it is ready.
    std::string device;
    bool reused = false;            // the image was there; nothing was fetched
    std::string digest;             // "sha256:HEX" of what was received, where a checksum was asked for
    std::uint64_t finishedUSec = 0; // CLOCK_REALTIME; 0: not yet
    std::string errorName;          // "org.bootferry1.Error.NotFound"; empty unless failed or cancelled
    std::string errorMessage;       // one line, without secrets

    bool operator==(const TransferStatus&) const = default;
};

class Transfer;

class TransferListener {
public:
    TransferListener() = default;
    TransferListener(const TransferListener&) = delete;
    TransferListener& operator=(const TransferListener&) = delete;
    virtual ~TransferListener() = default;

    virtual void changed(Transfer& transfer) = 0; // but not into its final state
    // After its state became final, once, and before anybody was told: what others wait for is put in place
    // first. The target's descriptor is closed.
    virtual void ended(Transfer& transfer) = 0;
};

class Transfer : private WorkerListener {
public:
    // `event` and `listener` must outlive the object. Nothing runs before start().
    Transfer(std::uint32_t id, sd_event* event, WorkerProgram program, WorkerJob job,
             TransferListener& listener);
    ~Transfer() override;

    void start();  // throws Error where no worker can be started
    void cancel(); // the end follows within a few seconds; nothing happens after the end

    [[nodiscard]] std::uint32_t id() const { return id_; }
    [[nodiscard]] const std::string& url() const { return url_; } // without userinfo
    [[nodiscard]] const std::string& target() const { return targetPath_; }
    [[nodiscard]] std::uint64_t startedUSec() const { return startedUSec_; } // CLOCK_REALTIME
    [[nodiscard]] const TransferStatus& status() const { return status_; }
    [[nodiscard]] bool ended() const { return isFinal(status_.state); }

private:
    void targetWanted(std::optional<std::uint64_t> size) override;
    void pluginLoaded(const std::string& nameAndVersion) override;
    void progressed(const Progress& progress) override;
    void staged(const WorkerResult& result) override;
    void ended(const WorkerResult& result, const std::optional<Error>& failure) override;

    void begin();
    void waitForDevice();
    void startWorker();
    void tryAgainLater(const Error& failure);
    [[nodiscard]] EventSourceHandle later(std::chrono::milliseconds wait, sd_event_time_handler_t handler);
    void releaseTarget();
    void succeed(const std::string& device);
    void fail(const Error& failure);
    void end(TransferState state);
    static int onRetry(sd_event_source* source, std::uint64_t time, void* userdata);
    static int onLookAgain(sd_event_source* source, std::uint64_t time, void* userdata);

    std::uint32_t id_;
    sd_event* event_;
    WorkerProgram program_;
    WorkerJob job_;
    TransferListener& listener_;
    std::string url_;
    std::string targetPath_;
    std::uint64_t startedUSec_ = 0;
    TransferStatus status_;
    WorkerResult result_;
    RateMeter rate_;
    std::optional<Disk> disk_; // claimed from the first look on; none for a RAM disk
    std::optional<PreparedTarget> target_;
    unsigned crashes_ = 0;
    RateMeter::Time waitingSince_;
    EventSourceHandle timer_; // of the next attempt, or the next look for the device
    std::unique_ptr<WorkerProcess> worker_;
};

} // namespace bootferry
