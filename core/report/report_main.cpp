// SPDX-License-Identifier: LGPL-2.1-or-later
// bootferry-report: follows bootferryd's transfers as any client does, and posts what it sees. A report is
// not essential: failures here neither delay the boot nor make it fail. A program of its own, not one of
// libbootferry-programs.so, which does not need libcurl. In tests, $BOOTFERRY_RUNTIME_DIRECTORY replaces
// /run/bootferry.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <spdlog/fmt/fmt.h>
#include <sys/prctl.h>

#include "boot_report.h"
#include "environment.h"
#include "event_loop.h"
#include "failure_report.h"
#include "files.h"
#include "landlock.h"
#include "log.h"
#include "plain_text.h"
#include "report_sender.h"
#include "service_client.h"
#include "standard_streams.h"
#include "supervising_loop.h"
#include "text.h"
#include "url.h"
#include "usual_options.h"

namespace bootferry {
namespace {

constexpr std::chrono::seconds lookInterval{2};
// The switch of root waits for these.
constexpr std::chrono::seconds lastLook{1};
constexpr std::chrono::seconds lastPost{2};

constexpr const char* help = R"(bootferry-report URL

Posts the state of bootferryd's transfers to URL, as JSON, until it is stopped.
Started by a unit of the initrd if rd.bootferry.report=URL is on the kernel
command line; see bootferry-report(8).

  -h, --help     show this
      --version  show the version
)";

std::string failureFile() {
    const auto folder = environment("BOOTFERRY_RUNTIME_DIRECTORY", "");
    return folder.empty() ? failureReportPath : folder + "/failure";
}

// The credential bootferry.cacert, which the transfer uses as well.
std::string certificates() {
    const auto folder = environment("CREDENTIALS_DIRECTORY", "");
    const auto file = folder + "/bootferry.cacert";
    return !folder.empty() && readSmallFile(file) ? file : "";
}

// The process runs as the user of the workers and of gpgv, and reads what a server answers. In a domain of
// Landlock it can change no file, and inspect no process outside (landlock(7), "Ptrace restrictions").
void keepToReading() {
    checkErrno(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "restricting the process");
    if (!landlock::restrictFiles({.readable = {"/"}})) {
        logDebug("this kernel has no Landlock");
    }
}

class BootReporter {
public:
    explicit BootReporter(std::string url)
        : failureFile_(failureFile()), loop_([this] { endWhenIdle(); }),
          sender_(std::move(url), certificates()) {}

    int run() {
        follow();
        const int status = loop_.run();
        lookLast();
        sender_.finish(lastPost);
        return status;
    }

private:
    void follow() {
        try {
            client_ = std::make_unique<ServiceClient>(loop_.event());
            isLost_ = false;
            client_->watch([this](const TransferStatus& status) { changed(status); },
                           [this] { isLost_ = true; });
            transfers_.clear(); // one that has started again knows no earlier ones
            for (const auto& status : client_->transfers()) {
                transfers_[status.id] = status;
            }
            if (!transfers_.empty()) {
                submit(true);
            }
        } catch (const Error&) {
            isLost_ = true; // it has not started yet, or has ended
        }
        lookLater();
    }

    [[nodiscard]] bool isNews(const TransferStatus& status) const {
        const auto known = transfers_.find(status.id);
        return known == transfers_.end() || known->second.state != status.state;
    }

    void changed(const TransferStatus& status) {
        const bool urgent = isNews(status);
        transfers_[status.id] = status;
        submit(urgent);
    }

    void submit(bool urgent) {
        std::vector<TransferStatus> transfers;
        std::transform(transfers_.begin(), transfers_.end(), std::back_inserter(transfers),
                       [](const auto& transfer) { return transfer.second; });
        sender_.submit(reportText(machine_, transfers, failure_), urgent);
    }

    void lookLater() { timer_ = startTimer(loop_.event(), lookInterval, onLook, this, "setting a timer"); }

    void look() {
        machine_ = thisMachine(); // a network card may appear late, and a host name may change
        if (failure_.empty()) {
            try {
                failure_ = escapedText(trimmed(readSmallFile(failureFile_).value_or("")));
            } catch (const Error& error) {
                failure_ = error.what();
            }
            if (!failure_.empty()) {
                submit(true);
            }
        }
        if (isLost_) {
            follow();
        } else {
            lookLater();
        }
    }

    // Another client may have heard of the end, and this program have been stopped, before the service has
    // sent its signal to this one.
    void lookLast() {
        if (isLost_) {
            return;
        }
        try {
            for (const auto& status : client_->transfers(lastLook)) {
                if (isNews(status)) {
                    changed(status);
                }
            }
        } catch (const Error&) { // what is known is reported
        }
    }

    // The signal and the last messages of the service may arrive together: these are reported first.
    void endWhenIdle() {
        idle_ = makeHandle<EventSourceHandle>(
            [&](sd_event_source** source) { return sd_event_add_defer(loop_.event(), source, onIdle, this); },
            "waiting for the last report");
        checkSd(sd_event_source_set_priority(idle_.get(), SD_EVENT_PRIORITY_IDLE),
                "waiting for the last report");
    }

    static int onIdle(sd_event_source*, void* userdata) {
        static_cast<BootReporter*>(userdata)->loop_.end(0);
        return 0;
    }

    static int onLook(sd_event_source*, std::uint64_t, void* userdata) {
        static_cast<BootReporter*>(userdata)->look();
        return 0;
    }

    std::string failureFile_;
    std::string failure_;
    Machine machine_ = thisMachine();
    SupervisingLoop loop_; // before any thread, which would not block the loop's signals
    ReportSender sender_;
    EventSourceHandle timer_;
    EventSourceHandle idle_;
    bool isLost_ = true;
    std::map<std::uint32_t, TransferStatus> transfers_; // by number
    std::unique_ptr<ServiceClient> client_;             // last: it calls all of the above
};

int run(const std::vector<std::string>& words) {
    if (answersUsualOption(words, "bootferry-report", help)) {
        return EXIT_SUCCESS;
    }
    if (words.size() != 1 || words.front().starts_with('-')) {
        refuse(ErrorCode::Invalid, "expected one URL: see bootferry-report --help");
    }
    const auto url = Url::parse(words.front());
    if (url.scheme() != "http" && url.scheme() != "https") {
        refuse(ErrorCode::Invalid,
               fmt::format("reports are posted over http or https, not {}", url.scheme()));
    }
    keepToReading();
    return BootReporter(words.front()).run();
}

} // namespace
} // namespace bootferry

int main(int argc, char** argv) {
    return bootferry::runProgram(
        [](int count, char** words) {
            bootferry::initLogging("bootferry-report");
            try {
                return bootferry::run({words + 1, words + count});
            } catch (const std::exception& error) {
                bootferry::logError(error.what());
                return EXIT_FAILURE;
            }
        },
        argc, argv);
}
