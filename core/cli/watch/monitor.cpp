// SPDX-License-Identifier: LGPL-2.1-or-later
#include "monitor.h"

#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include "exit_status.h"
#include "image_on_demand.h"
#include "output_options.h"
#include "plain_text.h"
#include "service_client.h"
#include "standard_streams.h"
#include "supervising_loop.h"
#include "terminal_line.h"
#include "transfer_number.h"

namespace bootferry {
namespace {

// Lines on standard output, of which the last one may be redrawn. show() returns false when standard output
// is closed.
class MonitorLines {
public:
    MonitorLines() : terminal_(canRedraw(STDOUT_FILENO)) {}

    // During the transfer, the next line replaces this one.
    [[nodiscard]] bool show(const Progress& progress, const std::string& text) {
        if (!terminal_ || progress.state != TransferState::Transferring) {
            return show(text);
        }
        clear();
        printOutput("{}", terminalLine(progress, text, terminalWidth(STDOUT_FILENO)));
        drawn_ = true;
        return flushOutput();
    }

    [[nodiscard]] bool show(const std::string& text) {
        clear();
        printOutput("{}\n", text);
        return flushOutput();
    }

    void end() {
        if (std::exchange(drawn_, false)) {
            printOutput("\n");
        }
    }

private:
    void clear() {
        if (std::exchange(drawn_, false)) {
            printOutput("\r\033[K");
        }
    }

    bool terminal_;
    bool drawn_ = false;
};

// Follows all transfers, or one until its end.
class Monitor {
public:
    Monitor(std::optional<std::uint32_t> only, std::optional<JsonStyle> json)
        : only_(only), json_(json), loop_([this] { end(only_ ? exitInterrupted : EXIT_SUCCESS); }),
          client_(loop_.interruptibly([this] {
              if (only_) {
                  return clientFor(*only_, loop_.event());
              }
              return std::make_unique<ServiceClient>(loop_.event());
          })) {}

    int run() {
        client_->watch([this](const TransferStatus& status) { changed(status); },
                       [this] {
                           end(exitNoService);
                           printError("bootferryctl: bootferryd exited\n");
                       });
        bool found = false;
        const auto transfers = loop_.interruptibly([this] { return client_->transfers(); });
        for (const auto& status : transfers) {
            found = found || status.id == only_;
            if (only_ || !isFinal(status.state)) { // a transfer that ended earlier does not change
                changed(status);
            }
        }
        if (only_ && !found) {
            throwNoTransfer(*only_);
        }
        return loop_.run();
    }

private:
    void changed(const TransferStatus& status) {
        if (only_ && status.id != *only_) {
            return;
        }
        const bool shown =
            json_ ? lines_.show(toJson(status).text(*json_)) : lines_.show(status, text(status));
        if (!shown) {
            end(EXIT_FAILURE);
        } else if (only_ && isFinal(status.state)) {
            end(isUnverified(status)                  ? exitNotVerified
                : status.state == TransferState::Done ? EXIT_SUCCESS
                                                      : exitStatusOfName(status.errorName));
        }
    }

    static std::string text(const TransferStatus& status) {
        std::string what = progressText(status);
        if (status.state == TransferState::Done) {
            what = fmt::format("{}: {}", status.device, summaryText(status));
        } else if (!status.errorMessage.empty()) {
            what = status.errorMessage;
        }
        const auto state = stateName(status.state);
        return fmt::format("{}  {}", status.id, state) + (what == state ? "" : "  " + escapedText(what));
    }

    void end(int status) {
        lines_.end();
        loop_.end(status);
    }

    std::optional<std::uint32_t> only_;
    std::optional<JsonStyle> json_;
    MonitorLines lines_;
    SupervisingLoop loop_;
    std::unique_ptr<ServiceClient> client_;
};

} // namespace

int runMonitor(const CommandLine& line) {
    const auto only =
        line.words.empty() ? std::nullopt : std::optional(parseTransferNumber(line.words.front()));
    return Monitor(only, jsonStyleOf(line)).run();
}

} // namespace bootferry
