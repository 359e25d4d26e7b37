// SPDX-License-Identifier: LGPL-2.1-or-later
// One run of bootferry-transfer for one job: a process, or with a checksum two, which the listener sees as
// one. A job that needs several runs is worker_process.h's business. The calls are those of WorkerProcess.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>

#include "relay_ends.h"
#include "verify_job.h"
#include "worker_child.h"
#include "worker_conduct.h"
#include "worker_process.h"

namespace bootferry {

class WorkerRun : private WorkerChildListener {
public:
    // Starts the process. Throws Error if that fails. `event` and `listener` must outlive the object. A
    // transfer's job states its checksum, and names no list. The destructor kills and reaps what is running,
    // without calling the listener.
    WorkerRun(sd_event* event, const WorkerProgram& program, WorkerJob job, WorkerListener& listener);

    void giveTarget(const PreparedTarget& target);
    void giveTarget(const PreparedTarget& target, const UniqueFd& nbdSocket, const UniqueFd& memory);
    void refuseTarget(const Error& reason);
    void permitCommit();
    void proceed(bool takesOver);
    void dismiss();
    void cancel();
    // Kills what runs, and ends with this failure. Not after permitCommit().
    void giveUp(const Error& why);
    [[nodiscard]] bool isAsleep() const;
    [[nodiscard]] bool waitsForAnswer() const; // to a call that the listener answers
    [[nodiscard]] bool hasReceived() const;    // all bytes
    // Whether a packet has arrived since the last call.
    [[nodiscard]] bool wasHeard() { return std::exchange(wasHeard_, false); }

private:
    // A process, and how it behaves.
    struct Side {
        Side(sd_event* event, const WorkerProgram& program, const WorkerJob& job, WorkerRole role,
             WorkerChildListener& listener)
            : conduct(job, role), child(event, program, role, listener) {}

        // Answers the call that waits, if one does.
        void answer(const PacketWriter& packet, std::span<const int> descriptors);
        void refuse(const Error& error);

        WorkerConduct conduct;
        WorkerChild child;
        Progress progress;
        bool waiting = false;   // a call waits for an answer
        bool finished = false;  // it has reported success
        bool abandoned = false; // it has reported that the other one is gone
    };

    [[nodiscard]] Side& writing(); // the process that writes the target
    [[nodiscard]] Side& sideOf(const WorkerChild& child);
    static void cancel(Side& side);

    void packetArrived(WorkerChild& child, std::span<const std::byte> packet) override;
    void take(Side& side, const WorkerConduct::JobWanted&);
    void take(Side& side, const WorkerConduct::FileWanted& file);
    void take(Side& side, const WorkerConduct::PluginLoaded& plugin);
    void take(Side& side, const Progress& progress);
    void take(Side& side, const WorkerConduct::AtLeast& image);
    void take(Side& side, const WorkerConduct::Opened& opened);
    void take(Side& side, const WorkerConduct::SourceKnown& source);
    void take(Side& side, const WorkerConduct::SourceProbed& word);
    void take(Side& side, const WorkerConduct::ChecksumFound& found);
    void take(Side& side, const WorkerConduct::ChecksumMissing& missing);
    void take(Side& side, const WorkerConduct::ChecksumDiffers& differs);
    void take(Side& side, const WorkerConduct::RelayWanted&);
    void take(Side& side, const WorkerConduct::TargetWanted& wanted);
    void take(Side& side, const WorkerConduct::Staged& staged);
    void take(Side& side, const WorkerConduct::Done&);
    void take(Side& side, const WorkerConduct::Finished&);
    void take(Side& side, const WorkerConduct::Relayed&);
    void take(Side& side, const WorkerConduct::Failed& failed);
    void take(Side& side, const WorkerConduct::Abandoned&);
    void take(Side& side, const WorkerConduct::Ready&);
    void giveTarget(const PreparedTarget& target, std::span<const int> descriptors);
    static void finish(Side& side);
    static void dismiss(Side& side);

    void childEnded(WorkerChild& child) override;
    [[nodiscard]] std::optional<std::string> breach() const;
    [[nodiscard]] bool succeeded() const;
    [[nodiscard]] std::string howFirstEnded() const;
    [[nodiscard]] std::optional<Error> verdict() const;

    sd_event* event_;
    WorkerProgram program_;
    WorkerListener& listener_;
    WorkerJob job_;
    VerifyJob verifyJob_;
    relay::Ends relayEnds_; // for the verifying process
    WorkerResult result_;
    std::optional<Error> failure_; // as the first process reported one
    std::optional<Error> refusal_;
    bool verifierFailed_ = false; // failure_ is that of the verifying process
    bool mayCommit_ = false;
    bool cancelled_ = false;
    bool wasHeard_ = false;
    const bool transfers_;
    const bool onDemand_;
    const WorkerRole role_;         // of the first
    const Side* culprit_ = nullptr; // ended first, without reporting why
    Side first_;                    // the only one, or the receiving one
    std::optional<Side> verifying_;
};

} // namespace bootferry
