// SPDX-License-Identifier: LGPL-2.1-or-later
// One process of a worker as its supervisor holds it: started, its channel and output watched, killed at the
// end of a time limit, and reaped. It passes packets on as they came; what they mean is worker_process.h's
// business. Nothing here waits for the process, and at most one packet of it is held.
#pragma once

#include <csignal>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

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
    void cancel();                      // makes its cancel descriptor readable
    void kill();                        // its end follows
    void stop(std::string breach);      // as kill(), and nothing of it is heard any more
    void giveGrace(std::uint64_t usec); // kills it then; an earlier limit stays

    [[nodiscard]] bool isRunning() const { return pid_ > 0; }
    [[nodiscard]] const std::optional<std::string>& breach() const { return breach_; }
    [[nodiscard]] std::string describeExit() const; // after its end

private:
    void watch(UniqueFd output);
    void reap() noexcept;
    bool receive(); // true if there may be more
    bool receiveGuarded() noexcept;
    static int onPacket(sd_event_source* source, int fd, std::uint32_t events, void* userdata);
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
    std::optional<std::string> breach_;
};

} // namespace bootferry
