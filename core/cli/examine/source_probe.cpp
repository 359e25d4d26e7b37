// SPDX-License-Identifier: LGPL-2.1-or-later
#include "source_probe.h"

#include <cstdlib>
#include <memory>

#include "proxy_variables.h"
#include "supervising_loop.h"
#include "worker_start.h"

namespace bootferry {
namespace {

// A check of options is about a boot, which does not read the variables of this process.
ProxyVariables proxiesFor(JobPurpose purpose) {
    return purpose == JobPurpose::OptionCheck ? ProxyVariables() : proxyVariables();
}

class ProbeRun : public WorkerListener {
public:
    ProbeRun(TransferRequest request, JobPurpose purpose, std::string rootImage)
        : loop_([this] { worker_->cancel(); }) {
        worker_ = startWorker(loop_.event(),
                              {.purpose = purpose,
                               .request = std::move(request),
                               .proxies = proxiesFor(purpose),
                               .rootImage = std::move(rootImage)},
                              *this);
    }

    ProbeResult run() {
        (void)loop_.run();
        return std::move(result_);
    }

    void pluginLoaded(const std::string& nameAndVersion) override { result_.plugin = nameAndVersion; }
    void sourceProbed(const ProbedSource& probed) override { result_.sources.push_back(probed); }
    void checksumFound(const std::string& checksum) override { result_.checksum = checksum; }
    void checksumMissing(const Error& reason) override { result_.checksumFailure = reason; }

    void ended(const WorkerResult&, const std::optional<Error>& failure) override {
        result_.failure = failure;
        loop_.end(EXIT_SUCCESS);
    }

    // A worker that probes does not ask for a target.
    void targetWanted(std::optional<std::uint64_t>) override { worker_->cancel(); }
    void staged(const WorkerResult&) override { worker_->cancel(); }
    void progressed(const Progress&) override {}

private:
    ProbeResult result_;
    SupervisingLoop loop_;
    std::unique_ptr<WorkerProcess> worker_; // last: refers to the members above
};

} // namespace

ProbeResult runSourceProbe(TransferRequest request, JobPurpose purpose, std::string rootImage) {
    return ProbeRun(std::move(request), purpose, std::move(rootImage)).run();
}

} // namespace bootferry
