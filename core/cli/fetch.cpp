// SPDX-License-Identifier: LGPL-2.1-or-later
// The smallest supervisor there is: one worker on one event loop, a file to hand over, a line to redraw.
#include "fetch.h"

#include <csignal>
#include <cstdlib>
#include <filesystem>

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>
#include <unistd.h>

#include "build_config.h"
#include "progress_line.h"
#include "worker_process.h"

namespace bootferry {
namespace {

std::string fromEnvironment(const char* name, const char* fallback) {
    const char* value = std::getenv(name); // NOLINT(concurrency-mt-unsafe): one thread
    return value != nullptr ? value : fallback;
}

class Fetch : public WorkerListener {
public:
    explicit Fetch(TransferRequest request)
        : request_(std::move(request)), partial_(request_.target + ".part"),
          event_(makeHandle<EventHandle>([](sd_event** event) { return sd_event_new(event); },
                                         "making an event loop")) {
        refuseWhatIsNoFile();
    }

    int run() {
        watchSignals();
        const WorkerJob job{.request = request_,
                            .credentials = {},
                            .pluginDir = fromEnvironment("BOOTFERRY_PLUGIN_DIR", BOOTFERRY_PLUGIN_DIR)};
        const WorkerProgram program{
            .path = fromEnvironment("BOOTFERRY_WORKER", BOOTFERRY_LIBEXEC_DIR "/bootferry-transfer"),
            .user = {}};
        worker_ = std::make_unique<WorkerProcess>(event_.get(), program, job, *this);
        checkSd(sd_event_loop(event_.get()), "running the event loop");
        return status_;
    }

    void targetWanted(std::optional<std::uint64_t>) override {
        try {
            target_.path = partial_;
            target_.capacity = unknownSize;
            target_.fd.reset(
                checkErrno(::open(partial_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666),
                           fmt::format("creating '{}'", partial_)));
            worker_->giveTarget(target_);
        } catch (const Error& error) {
            worker_->refuseTarget(error);
        }
    }

    void progressed(const Progress& progress) override { line_.show(progress); }
    void staged(const WorkerResult&) override { worker_->permitCommit(); }

    void ended(const WorkerResult& result, const std::optional<Error>& failure) override {
        line_.end();
        if (failure) {
            giveUp(*failure);
        } else if (::rename(partial_.c_str(), request_.target.c_str()) < 0) {
            giveUp(Error(ErrorCode::Io, errno, fmt::format("renaming '{}'", partial_)));
        } else {
            fmt::print(stderr, "{}: {} from {}\n", request_.target, formatSize(result.bytes),
                       request_.url.redacted());
        }
        (void)sd_event_exit(event_.get(), 0);
    }

private:
    void refuseWhatIsNoFile() const {
        struct stat status {};
        if (::stat(request_.target.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
            throw Error(ErrorCode::Unsupported,
                        fmt::format("'{}' is not a regular file: fetch writes files only", request_.target));
        }
    }

    void giveUp(const Error& failure) {
        if (target_.fd) {
            (void)::unlink(partial_.c_str());
        }
        status_ = failure.code() == ErrorCode::Cancelled ? 130 : EXIT_FAILURE;
        fmt::print(stderr, "bootferryctl: fetching {}: {}\n", request_.url.redacted(), failure.what());
    }

    void watchSignals() {
        sigset_t mask;
        sigemptyset(&mask);
        for (const int number : {SIGCHLD, SIGINT, SIGTERM}) {
            sigaddset(&mask, number);
        }
        if (const int result = ::pthread_sigmask(SIG_BLOCK, &mask, nullptr); result != 0) {
            throwErrno(result, "blocking signals");
        }
        for (const int number : {SIGINT, SIGTERM}) {
            checkSd(sd_event_add_signal(event_.get(), nullptr, number, onInterrupt, this),
                    "watching signals");
        }
    }

    static int onInterrupt(sd_event_source*, const signalfd_siginfo*, void* userdata) {
        static_cast<Fetch*>(userdata)->worker_->cancel();
        return 0;
    }

    TransferRequest request_;
    std::string partial_;
    EventHandle event_;
    PreparedTarget target_;
    ProgressLine line_;
    int status_ = EXIT_SUCCESS;
    std::unique_ptr<WorkerProcess> worker_; // last: it refers to everything above
};

} // namespace

int runFetch(const std::vector<std::string>& arguments) {
    return Fetch(parseFetchArguments(arguments)).run();
}

} // namespace bootferry
