// SPDX-License-Identifier: LGPL-2.1-or-later
#include "watch_verbs.h"

#include <charconv>
#include <chrono>
#include <cstdlib>
#include <optional>

#include <spdlog/fmt/fmt.h>

#include "progress_line.h"
#include "service_client.h"
#include "supervising_loop.h"

namespace bootferry {
namespace {

void wantNoMore(const std::vector<std::string>& arguments, std::size_t allowed, const char* usage) {
    if (arguments.size() > allowed) {
        throw Error(ErrorCode::Invalid, fmt::format("too many arguments: {}", usage));
    }
}

std::uint32_t parseId(const std::string& text) {
    std::uint32_t id = 0;
    const auto* end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, id);
    if (error != std::errc() || stopped != end) {
        throw Error(ErrorCode::Invalid,
                    fmt::format("'{}' is no transfer's number: see bootferryctl list", text));
    }
    return id;
}

EventHandle makeLoop() {
    return makeHandle<EventHandle>([](sd_event** event) { return sd_event_new(event); },
                                   "making an event loop");
}

std::string percentage(const Progress& progress) {
    if (progress.total == unknownSize || progress.total == 0) {
        return "-";
    }
    return fmt::format("{:.0f} %",
                       100 * static_cast<double>(progress.bytes) / static_cast<double>(progress.total));
}

std::string sizeOrUnknown(std::uint64_t bytes) {
    return bytes == unknownSize ? "not known" : formatSize(bytes);
}

void line(const char* name, const std::string& value) {
    if (!value.empty()) {
        fmt::print("{:>12}: {}\n", name, value);
    }
}

void print(const TransferView& view) {
    const auto& progress = view.progress;
    fmt::print("Transfer {}\n", view.id);
    line("URL", view.url);
    line("Target", view.target);
    line("Device", view.device);
    line("State", fmt::format("{} ({})", stateName(progress.state), percentage(progress)));
    line("Detail", progress.detail);
    line("Received", fmt::format("{} of {}", formatSize(progress.bytes), sizeOrUnknown(progress.total)));
    line("Written", formatSize(progress.written));
    line("Attempt", std::to_string(progress.attempt));
    line("Plugin", view.plugin);
    line("Error", view.errorName);
    line("Message", view.errorMessage);
}

// Follows all transfers, or one, until that has ended.
class Monitor {
public:
    explicit Monitor(std::optional<std::uint32_t> only)
        : only_(only), loop_([this] { loop_.end(EXIT_SUCCESS); }), client_(loop_.event()) {}

    int run() {
        client_.watch([this](const TransferView& view) { changed(view); },
                      [this] {
                          fmt::print(stderr, "bootferryctl: bootferryd has gone\n");
                          loop_.end(EXIT_FAILURE);
                      });
        bool found = false;
        for (const auto& view : client_.transfers()) {
            found = found || view.id == only_;
            changed(view);
        }
        if (only_ && !found) {
            throw Error(ErrorCode::NotFound, fmt::format("there is no transfer {}", *only_));
        }
        return loop_.run();
    }

private:
    void changed(const TransferView& view) {
        if (only_ && view.id != *only_) {
            return;
        }
        auto& rate = rates_[view.id];
        rate.add(RateMeter::Time::clock::now(), view.progress.bytes);
        const auto& why = view.errorMessage.empty() ? progressText(view.progress, rate) : view.errorMessage;
        fmt::print("{}  {}  {}\n", view.id, stateName(view.progress.state), why);
        (void)std::fflush(stdout);
        if (only_ && isFinal(view.progress.state)) {
            loop_.end(view.progress.state == TransferState::Done ? EXIT_SUCCESS : EXIT_FAILURE);
        }
    }

    std::optional<std::uint32_t> only_;
    std::map<std::uint32_t, RateMeter> rates_;
    SupervisingLoop loop_;
    ServiceClient client_;
};

} // namespace

int runList(const std::vector<std::string>& arguments) {
    wantNoMore(arguments, 0, "bootferryctl list");
    const auto loop = makeLoop();
    for (const auto& view : ServiceClient(loop.get()).transfers()) {
        fmt::print("{}  {}  {}  {}  {}\n", view.id, stateName(view.progress.state), percentage(view.progress),
                   view.target, view.url);
    }
    return EXIT_SUCCESS;
}

int runStatus(const std::vector<std::string>& arguments) {
    wantNoMore(arguments, 1, "bootferryctl status [TRANSFER]");
    const auto wanted = arguments.empty() ? std::nullopt : std::optional(parseId(arguments.front()));
    const auto loop = makeLoop();
    bool found = false;
    for (const auto& view : ServiceClient(loop.get()).transfers()) {
        if (!wanted || view.id == *wanted) {
            print(view);
            found = true;
        }
    }
    if (wanted && !found) {
        throw Error(ErrorCode::NotFound, "there is no transfer " + arguments.front());
    }
    return EXIT_SUCCESS;
}

int runMonitor(const std::vector<std::string>& arguments) {
    wantNoMore(arguments, 1, "bootferryctl monitor [TRANSFER]");
    return Monitor(arguments.empty() ? std::nullopt : std::optional(parseId(arguments.front()))).run();
}

int runCancel(const std::vector<std::string>& arguments) {
    wantNoMore(arguments, 1, "bootferryctl cancel TRANSFER");
    if (arguments.empty()) {
        throw Error(ErrorCode::Invalid, "cancel takes a transfer's number: see bootferryctl list");
    }
    const auto loop = makeLoop();
    ServiceClient(loop.get()).cancel(parseId(arguments.front()));
    return EXIT_SUCCESS;
}

int runPlugins(const std::vector<std::string>& arguments) {
    wantNoMore(arguments, 0, "bootferryctl plugins");
    const auto loop = makeLoop();
    for (const auto& plugin : ServiceClient(loop.get()).plugins()) {
        fmt::print("{}  {}  {}\n", plugin.name, plugin.version, fmt::join(plugin.schemes, " "));
    }
    return EXIT_SUCCESS;
}

} // namespace bootferry
