// SPDX-License-Identifier: LGPL-2.1-or-later
// One worker seen from its supervisor (bootferryd, or `bootferryctl fetch`): spawned unprivileged with a
// private channel, asked for nothing it could refuse, trusted with nothing but the descriptor it is handed;
// what it says is judged by worker_conduct.h, what it prints reaches the log as plain lines. Whatever happens
// to it (success, failure, crash, a hang after cancel) ends in exactly one call of ended(), after it is
// reaped. Runs on an sd-event loop, one thread, never blocks.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "credentials.h"
#include "errors.h"
#include "handles.h"
#include "prepared_target.h"
#include "progress.h"
#include "transfer_request.h"

namespace bootferry {

struct WorkerJob {
    TransferRequest request;
    Credentials credentials; // of whoever starts it; the worker gets those that are for its servers
    std::string pluginDir;
    std::uint32_t attempt = 1; // counted on from earlier workers of the same transfer
};

struct WorkerResult {
    std::uint64_t bytes = 0;   // received
    std::uint64_t written = 0; // on the target
    std::string digest;        // "sha256:HEX" of what was received; empty where no checksum was asked for
    bool crashed = false;      // it died without a last word; what it reports or does wrong is not that

    bool operator==(const WorkerResult&) const = default;
};

class WorkerListener {
public:
    WorkerListener() = default;
    WorkerListener(const WorkerListener&) = delete;
    WorkerListener& operator=(const WorkerListener&) = delete;
    virtual ~WorkerListener() = default;

    // Before targetWanted(), where the image says of itself how long it is: what it writes will not be
    // shorter.
    virtual void imageHasAtLeast(std::uint64_t /*size*/) {}
    // The source answered and its head is what was asked for. Answer, now or later, with giveTarget() or
    // refuseTarget(). size: bytes to be written, where the source tells.
    virtual void targetWanted(std::optional<std::uint64_t> size) = 0;
    // Once, at the beginning: "curl 0.1.0", of the first place the bytes may come from.
    virtual void pluginLoaded(const std::string& nameAndVersion) = 0;
    // Of the version whose bytes are coming, before the target is wanted and again when it has changed.
    // validator: bounded, printable; empty where the server tells none.
    virtual void sourceKnown(std::optional<std::uint64_t> /*size*/, const std::string& /*validator*/) {}
    virtual void progressed(const Progress& progress) = 0;
    // Everything but the head is safe and verified. Answer with permitCommit() (or cancel()).
    virtual void staged(const WorkerResult& result) = 0;
    // The last call. failure is empty on success; a crash is Internal and says so; a cancelled worker is
    // Cancelled.
    virtual void ended(const WorkerResult& result, const std::optional<Error>& failure) = 0;
};

struct WorkerProgram {
    std::string path;                // of bootferry-transfer
    std::optional<std::string> user; // drop to it; absent: stay who we are, who is not root
};

class WorkerProcess {
public:
    // Spawns. Throws Error where that is impossible. `event` and `listener` must outlive the object.
    WorkerProcess(sd_event* event, const WorkerProgram& program, WorkerJob job, WorkerListener& listener);
    ~WorkerProcess(); // kills and reaps what still runs, without calling the listener

    WorkerProcess(const WorkerProcess&) = delete;
    WorkerProcess& operator=(const WorkerProcess&) = delete;

    void giveTarget(const PreparedTarget& target); // the descriptor is duplicated into the worker
    void refuseTarget(const Error& reason);        // becomes the worker's failure
    void permitCommit();
    void cancel(); // ended() follows within a few seconds: a worker that does not listen is killed

private:
    class State;
    std::unique_ptr<State> state_;
};

} // namespace bootferry
