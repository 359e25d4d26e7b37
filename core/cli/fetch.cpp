// SPDX-License-Identifier: LGPL-2.1-or-later
// The smallest supervisor there is: one worker on one event loop, a target to hand over, a line to redraw.
#include "fetch.h"

#include <cstdlib>
#include <filesystem>

#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>
#include <unistd.h>

#include "build_config.h"
#include "disk_target.h"
#include "file_target.h"
#include "progress_line.h"
#include "supervising_loop.h"
#include "transfer_arguments.h"
#include "transfer_view.h"
#include "worker_process.h"

namespace bootferry {
namespace {

constexpr int interrupted = 130;

std::string fromEnvironment(const char* name, const char* fallback) {
    const char* value = std::getenv(name); // NOLINT(concurrency-mt-unsafe): one thread
    return value != nullptr ? value : fallback;
}

enum class TargetKind { File, Device };

TargetKind kindOf(const std::string& target) {
    struct stat status {};
    if (::stat(target.c_str(), &status) < 0 || S_ISREG(status.st_mode)) {
        return TargetKind::File;
    }
    if (!S_ISBLK(status.st_mode)) {
        throw Error(ErrorCode::Unsupported,
                    fmt::format("'{}' is neither a regular file nor a block device", target));
    }
    return TargetKind::Device;
}

class Fetch : public WorkerListener {
public:
    explicit Fetch(TransferRequest request)
        : request_(std::move(request)), kind_(kindOf(request_.target)), loop_([this] { worker_->cancel(); }) {
        if (kind_ == TargetKind::File) {
            file_.emplace(request_.target);
        } else {
            refuseWhatIsThere(); // before anything is fetched
            request_.decode = true;
        }
    }

    int run() {
        const WorkerJob job{.request = request_,
                            .credentials = {},
                            .pluginDir = fromEnvironment("BOOTFERRY_PLUGIN_DIR", BOOTFERRY_PLUGIN_DIR)};
        const WorkerProgram program{
            .path = fromEnvironment("BOOTFERRY_WORKER", BOOTFERRY_LIBEXEC_DIR "/bootferry-transfer"),
            .user = {}};
        worker_ = std::make_unique<WorkerProcess>(loop_.event(), program, job, *this);
        return loop_.run();
    }

    void targetWanted(std::optional<std::uint64_t> size) override {
        try {
            if (file_) {
                target_ = file_->open();
            } else {
                openDevice(size);
            }
            worker_->giveTarget(target_);
        } catch (const Error& error) {
            worker_->refuseTarget(error);
        }
    }

    void pluginLoaded(const std::string&) override {}
    void progressed(const Progress& progress) override { line_.show(progress); }
    void staged(const WorkerResult&) override { worker_->permitCommit(); }

    void ended(const WorkerResult& result, const std::optional<Error>& failure) override {
        line_.end();
        try {
            if (failure) {
                throw *failure;
            }
            if (file_) {
                file_->publish();
            }
            if (kind_ == TargetKind::Device) {
                target_.fd.reset();
                rereadPartitionTable(request_.target);
            }
            fmt::print(stderr, "{}: {} from {}\n", request_.target, sizeText(result.bytes, result.written),
                       request_.url.redacted());
            loop_.end(EXIT_SUCCESS);
        } catch (const Error& error) {
            giveUp(error);
        }
    }

private:
    void refuseWhatIsThere() const {
        const auto disk = inspectDisk(request_.target);
        if (!request_.reset && disk.contents.state != DiskState::Blank &&
            disk.contents.state != DiskState::Incomplete) {
            throw Error(ErrorCode::TargetRefused, fmt::format("'{}' holds {}; --reset overwrites it",
                                                              request_.target, disk.contents.description));
        }
        if (disk.readOnly) {
            throw Error(ErrorCode::TargetRefused, fmt::format("'{}' is read-only", request_.target));
        }
    }

    void openDevice(std::optional<std::uint64_t> size) {
        target_ = openDisk(request_.target);
        requireRoom(target_, size);
        wipeDisk(target_);
    }

    void giveUp(const Error& failure) {
        fmt::print(stderr, "bootferryctl: fetching {}: {}\n", request_.url.redacted(), failure.what());
        loop_.end(failure.code() == ErrorCode::Cancelled ? interrupted : EXIT_FAILURE);
    }

    TransferRequest request_;
    TargetKind kind_;
    std::optional<FileTarget> file_;
    SupervisingLoop loop_;
    PreparedTarget target_;
    ProgressLine line_;
    std::unique_ptr<WorkerProcess> worker_; // last: it refers to everything above
};

} // namespace

int runFetch(const std::vector<std::string>& arguments) {
    auto request = parseTransferArguments("fetch", arguments);
    if (request.ramdiskSize) {
        throw Error(ErrorCode::Invalid, "--ramdisk-size is for deploy: fetch makes no RAM disk");
    }
    request.requireLiveImage = false;
    return Fetch(std::move(request)).run();
}

} // namespace bootferry
