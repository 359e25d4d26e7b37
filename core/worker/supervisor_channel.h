// SPDX-License-Identifier: LGPL-2.1-or-later
// The worker's end of the channel (see channel.h): blocking calls from the one pipeline thread. The
// supervisor answers a waiting call when it cancels, so none of them has to watch the cancel descriptor.
#pragma once

#include "pipeline.h"
#include "worker_process.h"

namespace bootferry {

class SupervisorChannel : public PipelineSupervisor, public ProgressListener {
public:
    SupervisorChannel(); // on channel::socketFd; throws Error(Io)

    [[nodiscard]] WorkerJob job();
    [[nodiscard]] WriteTarget requestTarget(std::optional<std::uint64_t> size) override;
    void awaitCommit(const PipelineResult& result) override;
    // The next two are sent without waiting.
    void pluginLoaded(const std::string& nameAndVersion);
    void progressed(const Progress& progress) override;
    void finished(const PipelineResult& result);
    void failed(const Error& reason);

private:
    [[nodiscard]] BusMessageHandle newCall(const char* method) const;
    void send(const BusMessageHandle& message) const; // wants no answer
    [[nodiscard]] BusMessageHandle
    call(BusMessageHandle message) const; // throws what the supervisor answered

    BusHandle bus_;
    UniqueFd target_;
};

} // namespace bootferry
