// SPDX-License-Identifier: LGPL-2.1-or-later
// One process of a worker as its supervisor holds it: started, its channel and output watched, killed at the
// end of a time limit, and reaped. It passes packets on as they came; what they mean is worker_process.h's
// business. Nothing here waits for the process, and at most one packet of it is held.
#pragma once

#include <chrono>
#include <csignal>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "channel.h"
#include "errors.h"
#include "handles.h"
#include "packet.h"
#include "worker_output.h"
#include "worker_process.h"

namespace bootferry {

class WorkerChild;

class WorkerChildListener {
public:
    WorkerChildListener() = default;
    WorkerChildListener(const WorkerChildListener&) = delete;
    WorkerChildListener& operator=(const WorkerChildListener&) = delete;
    virtual ~WorkerChildListener() = default;

    // An exception is a breach and ends the process.
    virtual void packetArrived(WorkerChild& child, std::span<const std::byte> packet) = 0;
    // The last call; it may destroy the child.
    virtual void childEnded(WorkerChild& child) = 0;
};

class WorkerChild {
public:
    // Throws Error. `event` and `listener` must outlive the object.
    WorkerChild(sd_event* event, const WorkerProgram& program, WorkerRole role,
                WorkerChildListener& listener);
    ~WorkerChild(); // kills and reaps a running process, without calling the listener
    WorkerChild(const WorkerChild&) = delete;
    WorkerChild& operator=(const WorkerChild&) = delete;

    void send(const PacketWriter& packet, std::span<const int> descriptors);
    void cancel();              // makes its cancel descriptor readable
    void kill(std::string why); // its end follows; why: "was silent, and was killed"
    // Kills it then; an earlier limit stays. since: what the time counts from, "it was cancelled".
    void giveGrace(std::chrono::seconds time, const char* since);
    // Kills it when it has sent nothing for so long.
    void limitSilence(std::chrono::seconds time, const char* since);

    [[nodiscard]] bool isRunning() const { return pid_ > 0; }
    [[nodiscard]] bool isAsleep() const; // or stopped: no thread runs, or waits for a disk
    [[nodiscard]] const std::optional<std::string>& breach() const { return breach_; }
    // After its end: what it did, or why it was killed here.
    [[nodiscard]] std::string describeExit() const;

private:
    // As kill(), and discards whatever it still sends.
    void stop(const channel::Breach& breach);
    void stop(std::string breach);
    void watch(UniqueFd output);
    bool receive(); // true if there may be more
    bool receiveGuarded() noexcept;
    static int onPacket(sd_event_source* source, int fd, std::uint32_t events, void* userdata);
    EventSourceHandle timer(std::chrono::seconds time, sd_event_time_handler_t handler);
    static int onSilence(sd_event_source* source, std::uint64_t time, void* userdata);
    static int onGraceOver(sd_event_source* source, std::uint64_t time, void* userdata);
    static int onExit(sd_event_source* source, const siginfo_t* info, void* userdata);

    sd_event* event_;
    const char* name_;
    WorkerChildListener& listener_;
    pid_t pid_ = -1;
    siginfo_t exit_{};
    UniqueFd cancelPipe_;
    UniqueFd socket_;
    std::optional<WorkerOutput> output_;
    EventSourceHandle input_;
    EventSourceHandle child_;
    EventSourceHandle grace_;
    EventSourceHandle silence_;
    std::string graceText_; // the failure's text if the time is over
    std::string silenceText_;
    std::chrono::seconds silenceLimit_{};
    std::string whyKilled_; // empty: not killed here
    std::optional<std::string> breach_;
};

} // namespace bootferry
