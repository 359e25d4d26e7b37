// SPDX-License-Identifier: LGPL-2.1-or-later
// The worker's end of the channel (see channel.h): blocking calls from the one pipeline thread. The
// supervisor answers a waiting call when it cancels, so none of them has to watch the cancel descriptor.
// Progress may be told from any thread: a plugin's as well.
#pragma once

#include <array>
#include <mutex>

#include "channel.h"
#include "channel_socket.h"
#include "job_message.h"
#include "packet.h"
#include "pipeline.h"
#include "worker_process.h"

namespace bootferry {

class SupervisorChannel : public PipelineSupervisor, public ProgressListener {
public:
    [[nodiscard]] ReceivedJob job();
    [[nodiscard]] UniqueFd keyFile(const std::string& path); // none: there is no such file
    void expectAtLeast(std::uint64_t size) override;         // sent without waiting for an answer
    [[nodiscard]] WriteTarget requestTarget(std::optional<std::uint64_t> size) override;
    void awaitCommit(const PipelineResult& result) override;
    // The next three are sent without waiting for an answer.
    void sourceKnown(const SourceInfo& info) override;
    void pluginLoaded(const std::string& nameAndVersion);
    void progressed(const Progress& progress) override;
    void finished(const PipelineResult& result);
    void failed(const Error& reason);

private:
    struct Answer {
        std::array<std::byte, channel::longestPacket> room;
        ReceivedPacket packet;
        [[nodiscard]] PacketReader reader() const;
    };
    // Throws what the supervisor answered.
    void call(const PacketWriter& packet, Answer& answer, std::size_t descriptors = 0) const;
    void end(const PacketWriter& packet);

    UniqueFd target_;
    std::mutex mutex_; // after the last word there is none
    bool ended_ = false;
};

} // namespace bootferry
