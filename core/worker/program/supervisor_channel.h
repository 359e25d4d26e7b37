// SPDX-License-Identifier: LGPL-2.1-or-later
// The worker's end of the channel (see channel.h): blocking calls from the one pipeline thread. The
// supervisor answers a waiting call when it cancels, so none of them has to watch the cancel descriptor.
// Progress may be reported from any thread, including a plugin's.
#pragma once

#include <array>
#include <mutex>
#include <optional>

#include "channel.h"
#include "channel_socket.h"
#include "job_message.h"
#include "packet.h"
#include "pipeline.h"
#include "relay_channel.h"
#include "verify_job.h"
#include "worker_process.h"

namespace bootferry {

// The supervisor has died, or does not want this process any more.
class SupervisorGone : public Error {
public:
    SupervisorGone() : Error(ErrorCode::Io, "the supervisor does not answer") {}
};

class SupervisorChannel : public PipelineSupervisor, public ProgressListener {
public:
    [[nodiscard]] ReceivedJob job();
    // The job of a verifying process, and its ends of the relay.
    struct Verification {
        VerifyJob job;
        relay::Ends ends;
    };
    [[nodiscard]] Verification verification();
    // The receiving process's ends of the relay.
    [[nodiscard]] relay::Ends relayEnds();
    struct KeyFile {
        UniqueFd fd;                      // empty: the supervisor cannot open it
        std::optional<ErrorCode> refusal; // why not; nullopt: it was not asked
    };
    [[nodiscard]] KeyFile keyFile(const std::string& path);
    void expectAtLeast(std::uint64_t size) override; // sent without waiting for an answer
    [[nodiscard]] WriteTarget requestTarget(std::optional<std::uint64_t> size) override;
    // On demand: the target, the kernel's nbd client, and memory that outlives this process.
    struct FillEnds {
        WriteTarget target;
        UniqueFd nbdSocket;
        UniqueFd memory;
    };
    [[nodiscard]] FillEnds requestFill(std::uint64_t size);
    // On demand: nothing is opened any more. Returns when it is this process's turn; true: it takes the place
    // of one that had the target.
    [[nodiscard]] bool ready();
    void awaitCommit(const PipelineResult& result) override;
    // The following calls up to progressed() do not wait for an answer.
    void sourceKnown(const SourceInfo& info) override;
    void checksumDiffers(const Checksum& received) override;
    void opened(std::size_t origin);
    void pluginLoaded(const std::string& nameAndVersion);
    void sourceProbed(const ProbedSource& probed);
    void checksumFound(const std::string& checksum);
    void checksumMissing(const Error& reason);
    void progressed(const Progress& progress) override;
    void finished(const PipelineResult& result);
    void done();
    void relayed();
    void abandoned(); // the other process of the transfer is gone
    void failed(const Error& reason);

private:
    struct Answer {
        std::array<std::byte, channel::longestPacket> room;
        ReceivedPacket packet;
        [[nodiscard]] PacketReader reader() const;
    };
    // Throws the supervisor's refusal, and SupervisorGone.
    void call(const PacketWriter& packet, Answer& answer, std::size_t descriptors = 0) const;
    // A supervisor that is gone needs no report; the next call notices.
    static void tell(const PacketWriter& packet);
    static relay::Ends endsOf(Answer& answer);
    WriteTarget callForTarget(std::optional<std::uint64_t> size, Answer& answer, std::size_t descriptors);
    void end(const PacketWriter& packet);

    UniqueFd target_;
    std::mutex mutex_; // nothing is sent after the last call
    bool ended_ = false;
};

} // namespace bootferry
