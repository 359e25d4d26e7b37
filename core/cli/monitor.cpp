// SPDX-License-Identifier: LGPL-2.1-or-later
#include "monitor.h"

#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include "output_options.h"
#include "progress_line.h"
#include "service_client.h"
#include "supervising_loop.h"
#include "terminal_line.h"
#include "transfer_number.h"

namespace bootferry {
namespace {

// Lines on standard output, of which the last one may be redrawn.
class MonitorLines {
public:
    MonitorLines() : terminal_(::isatty(STDOUT_FILENO) == 1) {}

    // While it moves, the line is drawn over by the next one.
    void show(const Progress& progress, const std::string& text) {
        if (!terminal_ || progress.state != TransferState::Transferring) {
            show(text);
            return;
        }
        clear();
        fmt::print("{}", terminalLine(progress, text, terminalWidth(STDOUT_FILENO)));
        drawn_ = true;
        (void)std::fflush(stdout);
    }

    void show(const std::string& text) {
        clear();
        fmt::print("{}\n", text);
        (void)std::fflush(stdout);
    }

    void end() {
        if (std::exchange(drawn_, false)) {
            fmt::print("\n");
        }
    }

private:
    void clear() {
        if (std::exchange(drawn_, false)) {
            fmt::print("\r\033[K");
        }
    }

    bool terminal_;
    bool drawn_ = false;
};

// Follows all transfers, or one, until that has ended.
class Monitor {
public:
    Monitor(std::optional<std::uint32_t> only, std::optional<JsonStyle> json)
        : only_(only), json_(json), loop_([this] { end(EXIT_SUCCESS); }), client_(loop_.event()) {}

    int run() {
        client_.watch([this](const TransferStatus& status) { changed(status); },
                      [this] {
                          end(EXIT_FAILURE);
                          fmt::print(stderr, "bootferryctl: bootferryd has gone\n");
                      });
        bool found = false;
        for (const auto& status : client_.transfers()) {
            found = found || status.id == only_;
            changed(status);
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
        if (json_) {
            lines_.show(toJson(status).text(*json_));
        } else {
            lines_.show(status, text(status));
        }
        if (only_ && isFinal(status.state)) {
            end(status.state == TransferState::Done ? EXIT_SUCCESS : EXIT_FAILURE);
        }
    }

    std::string text(const TransferStatus& status) {
        auto& rate = rates_[status.id];
        rate.add(RateMeter::Time::clock::now(), status.bytes);
        std::string what = progressText(status, rate);
        if (status.state == TransferState::Done) {
            what = fmt::format("{}: {}", status.device, summaryText(status));
        } else if (!status.errorMessage.empty()) {
            what = status.errorMessage;
        }
        return fmt::format("{}  {}  {}", status.id, stateName(status.state), what);
    }

    void end(int status) {
        lines_.end();
        loop_.end(status);
    }

    std::optional<std::uint32_t> only_;
    std::optional<JsonStyle> json_;
    std::map<std::uint32_t, RateMeter> rates_;
    MonitorLines lines_;
    SupervisingLoop loop_;
    ServiceClient client_;
};

} // namespace

int runMonitor(const std::vector<std::string>& arguments) {
    const auto output = parseOutput(arguments, 1, "bootferryctl monitor [--json=short] [TRANSFER]");
    const auto only =
        output.words.empty() ? std::nullopt : std::optional(parseTransferNumber(output.words.front()));
    return Monitor(only, output.json).run();
}

} // namespace bootferry
