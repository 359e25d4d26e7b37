// SPDX-License-Identifier: LGPL-2.1-or-later
// A transfer ends when bootferryd ends. systemd starts bootferryd again at the next connection, so the
// transfer is requested again, a few times.
#include "deploy.h"

#include <chrono>
#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>

#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>

#include "error_line.h"
#include "event_loop.h"
#include "exit_status.h"
#include "failure_report.h"
#include "journal_messages.h"
#include "log.h"
#include "no_service.h"
#include "plain_text.h"
#include "progress_line.h"
#include "service_client.h"
#include "standard_streams.h"
#include "supervising_loop.h"
#include "transfer_arguments.h"
#include "worker_start.h"

namespace bootferry {
namespace {

constexpr unsigned lossesAllowed = 5;
constexpr std::chrono::seconds patienceOfCancel{5}; // how long Ctrl-C waits for the service

std::string outcome(const TransferStatus& status) {
    return fmt::format("{}: {}", status.device, summaryText(status));
}

class Deploy {
public:
    Deploy(TransferRequest request, bool quiet)
        : request_(std::move(request)), quiet_(quiet), loop_([this] { stop(); }) {}

    int run() {
        if (!quiet_) {
            printError("{} to {}\n", request_.url.shown(), errorLine(request_.target));
        }
        start();
        return loop_.run();
    }

private:
    // A service that does not answer must not hold up Ctrl-C, so connecting can be interrupted. The request
    // that follows cannot: the transfer would go on, and nobody would know its number to cancel it.
    void start() {
        id_.reset();
        loop_.interruptibly([this] { connect(); });
        id_ = client_->start(request_);
    }

    void connect() {
        client_ = std::make_unique<ServiceClient>(loop_.event(), ServiceClient::forBoot);
        client_->watch([this](const TransferStatus& status) { changed(status); }, [this] { lost(); });
    }

    void stop() {
        try {
            if (id_) {
                // The signals stay blocked: a second one, as timeout(1) sends it, must not end the program
                // before the call is sent.
                client_->cancel(*id_, patienceOfCancel);
                return;
            }
        } catch (const SilentService&) {
            line_.end();
            printError("bootferryctl: bootferryd does not answer: the transfer may go on\n");
        } catch (const Error&) {
            // The service is gone, and the transfer with it.
        }
        loop_.end(exitInterrupted);
    }

    void changed(const TransferStatus& status) {
        if (status.id != id_) {
            return;
        }
        if (!quiet_ && !status.signedBy.empty() && !std::exchange(signerShown_, true)) {
            line_.end();
            printError("the checksum list is signed by {}\n", escapedText(status.signedBy));
        }
        if (!isFinal(status.state) && !status.device.empty()) {
            readable(status);
            return;
        }
        if (!isFinal(status.state)) {
            if (!quiet_) {
                line_.show(status);
            }
            return;
        }
        line_.end();
        id_.reset();
        if (status.state == TransferState::Done) {
            if (!quiet_) {
                printError("{}\n", outcome(status));
            }
            loop_.end(isUnverified(status) ? warnUnverified(status) : EXIT_SUCCESS);
        } else {
            giveUp(fmt::format("fetching {}: {}", status.url, status.errorMessage),
                   exitStatusOfName(status.errorName));
        }
    }

    // On demand: bootferryd goes on by itself.
    void readable(const TransferStatus& status) {
        line_.end();
        id_.reset();
        if (!quiet_) {
            printError("{}: can be read; the image arrives meanwhile\n", status.device);
        }
        loop_.end(EXIT_SUCCESS);
    }

    [[nodiscard]] int warnUnverified(const TransferStatus& status) const {
        const auto path = request_.url.decodedPath();
        const auto& list = request_.checksumUrl;
        const bool hasQuery = list && list->shown() != list->redacted(); // shown() hides the query
        const auto checksum = request_.checksum
                                  ? *request_.checksum
                                  : fmt::format("{} --name={}", hasQuery ? "LIST-URL" : list->shown(),
                                                escapedText(path.substr(path.rfind('/') + 1)));
        printError("bootferryctl: the checksum was not compared; for an image that is served uncompressed: "
                   "bootferryctl verify --checksum={} {}\n",
                   checksum, escapedText(status.device));
        return exitNotVerified;
    }

    // Called by the lost connection, so the event loop makes the next one, later.
    void lost() {
        line_.end();
        if (++losses_ > lossesAllowed) {
            giveUp("bootferryd exited repeatedly: see its journal", exitNoService);
            return;
        }
        printError("bootferryd exited; trying again\n");
        again_ = startTimer(loop_.event(), std::chrono::seconds(losses_), onAgain, this,
                            "timing the next attempt");
    }

    static int onAgain(sd_event_source*, std::uint64_t, void* userdata) {
        auto& self = *static_cast<Deploy*>(userdata);
        try {
            self.start();
        } catch (const NoService& error) {
            self.giveUp(fmt::format("bootferryd exited: {}", error.what()), exitNoService);
        } catch (const Error& error) {
            self.giveUp(error.what(), exitStatusOf(error));
        }
        return 0;
    }

    void giveUp(const std::string& why, int status) {
        const auto reason = errorLine(why);
        printError("bootferryctl: {}\n", reason);
        if (status != exitInterrupted) {
            reportFailure(reason);
        }
        loop_.end(status);
    }

    TransferRequest request_;
    bool quiet_; // print nothing but warnings and the failure
    SupervisingLoop loop_;
    ProgressLine line_;
    std::optional<std::uint32_t> id_; // while the transfer runs
    bool signerShown_ = false;
    unsigned losses_ = 0;
    EventSourceHandle again_;
    std::unique_ptr<ServiceClient> client_; // destroyed first: it calls the members above
};

// bootferryd accepts only names below /dev, and judges those.
void refuseOtherKinds(const std::string& target) {
    struct stat status {};
    if (!target.starts_with("/dev/") && ::stat(target.c_str(), &status) == 0 && !S_ISBLK(status.st_mode)) {
        throw Error(ErrorCode::TargetRefused, fmt::format("'{}' is not a block device", target));
    }
}

} // namespace

int runDeploy(const CommandLine& line) {
    forgetFailure();
    try {
        auto request = parseTransferArguments(line);
        if (request.signature && !request.signature->text.empty()) {
            throw Error(ErrorCode::Invalid,
                        "--signature= of deploy is a URL, or auto: bootferryd fetches it");
        }
        refuseOtherKinds(request.target);
        warnOfUnusedOptions(request);
        return Deploy(std::move(request), line.has("quiet")).run();
    } catch (const Error& error) {
        reportFailure(errorLine(error.what()));
        throw;
    }
}

int runRefuse(const CommandLine& line) {
    forgetFailure();
    const auto reason = errorLine(line.words.front());
    printError("bootferryctl: {}\n", reason);
    reportFailure(reason, bootRefusedMessage);
    return EXIT_FAILURE;
}

int runRemark(const CommandLine& line) {
    logWarning(escapedText(line.words.front()));
    return EXIT_SUCCESS;
}

} // namespace bootferry
