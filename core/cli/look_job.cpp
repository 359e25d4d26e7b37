// SPDX-License-Identifier: LGPL-2.1-or-later
#include "look_job.h"

#include <cstdlib>
#include <memory>

#include "build_config.h"
#include "log.h"
#include "supervising_loop.h"
#include "worker_user.h"

namespace bootferry {
namespace {

std::string fromEnvironment(const char* name, const char* fallback) {
    const char* value = std::getenv(name); // NOLINT(concurrency-mt-unsafe): one thread
    return value != nullptr ? value : fallback;
}

class LookJob : public WorkerListener {
public:
    LookJob(TransferRequest request, JobPurpose purpose) : loop_([this] { worker_->cancel(); }) {
        const WorkerJob job{.purpose = purpose,
                            .request = std::move(request),
                            .credentials = {},
                            .pluginDir = fromEnvironment("BOOTFERRY_PLUGIN_DIR", BOOTFERRY_PLUGIN_DIR)};
        const auto user = workerUser();
        if (!user.remark.empty()) {
            logInfo(user.remark);
        }
        const WorkerProgram program{
            .path = fromEnvironment("BOOTFERRY_WORKER", BOOTFERRY_LIBEXEC_DIR "/bootferry-transfer"),
            .user = user.name};
        worker_ = std::make_unique<WorkerProcess>(loop_.event(), program, job, *this);
    }

    LookResult run() {
        (void)loop_.run();
        return std::move(result_);
    }

    void pluginLoaded(const std::string& nameAndVersion) override { result_.plugin = nameAndVersion; }
    void sourceLooked(const SourceLook& look) override { result_.sources.push_back(look); }
    void checksumFound(const std::string& checksum) override { result_.checksum = checksum; }
    void checksumMissing(const Error& reason) override { result_.checksumFailure = reason; }

    void ended(const WorkerResult&, const std::optional<Error>& failure) override {
        result_.failure = failure;
        loop_.end(EXIT_SUCCESS);
    }

    // A worker that looks does not ask for a target.
    void targetWanted(std::optional<std::uint64_t>) override { worker_->cancel(); }
    void staged(const WorkerResult&) override { worker_->cancel(); }
    void progressed(const Progress&) override {}

private:
    LookResult result_;
    SupervisingLoop loop_;
    std::unique_ptr<WorkerProcess> worker_; // last: refers to the members above
};

} // namespace

LookResult runLookJob(TransferRequest request, JobPurpose purpose) {
    return LookJob(std::move(request), purpose).run();
}

} // namespace bootferry
