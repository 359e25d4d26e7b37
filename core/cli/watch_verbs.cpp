// SPDX-License-Identifier: LGPL-2.1-or-later
#include "watch_verbs.h"

#include <algorithm>
#include <cstdlib>
#include <optional>

#include <spdlog/fmt/fmt.h>

#include "files.h"
#include "output_options.h"
#include "service_client.h"
#include "transfer_number.h"

namespace bootferry {
namespace {

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

std::string duration(const TransferView& view) {
    const auto took = durationOf(view);
    const auto rate = meanRate(view);
    return !took ? "" : formatDuration(*took) + (rate ? fmt::format(" ({})", formatRate(*rate)) : "");
}

void print(const std::string& title, const TransferView& view) {
    const auto& progress = view.progress;
    fmt::print("{}\n", title);
    line("URL", view.url);
    line("Target", view.target);
    line("Device", view.device + (view.reused ? " (held an image already)" : ""));
    line("State", fmt::format("{} ({})", stateName(progress.state), percentage(progress)));
    line("Detail", progress.detail);
    line("Received", fmt::format("{} of {}", formatSize(progress.bytes), sizeOrUnknown(progress.total)));
    line("Written", formatSize(progress.written));
    line("Attempt", std::to_string(progress.attempt));
    line("Took", duration(view));
    line("Digest", view.digest);
    line("Plugin", view.plugin);
    line("Error", view.errorName);
    line("Message", view.errorMessage);
}

std::string recordPath() {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): one thread
    const char* folder = std::getenv("BOOTFERRY_RUNTIME_DIRECTORY");
    return std::string(folder != nullptr ? folder : "/run/bootferry") + "/result.json";
}

// What the service of the initrd has left, or one that has ended since.
std::optional<TransferView> recordedTransfer() {
    const auto text = readSmallFile(recordPath());
    return text ? transferFromJson(*text) : std::nullopt;
}

// Where there is a record, no service is no failure.
std::vector<TransferView> liveTransfers(bool mayBeNone) {
    const auto loop = makeLoop();
    try {
        return ServiceClient(loop.get()).transfers();
    } catch (const Error& error) {
        if (!mayBeNone || error.code() != ErrorCode::Unreachable) {
            throw;
        }
        return {};
    }
}

std::vector<JsonObject> asJson(const std::vector<TransferView>& views) {
    std::vector<JsonObject> objects;
    std::transform(views.begin(), views.end(), std::back_inserter(objects), toJson);
    return objects;
}

int statusOfOne(std::uint32_t id, std::optional<JsonStyle> json) {
    for (const auto& view : liveTransfers(false)) {
        if (view.id != id) {
            continue;
        }
        if (json) {
            fmt::print("{}\n", toJson(view).text(*json));
        } else {
            print(fmt::format("Transfer {}", id), view);
        }
        return EXIT_SUCCESS;
    }
    throwNoTransfer(id);
}

int statusOfAll(std::optional<JsonStyle> json) {
    const auto recorded = recordedTransfer();
    auto views = liveTransfers(recorded.has_value());
    const bool known = recorded && std::any_of(views.begin(), views.end(), [&](const auto& view) {
                           return view.startedUSec == recorded->startedUSec;
                       });
    if (json) {
        if (recorded && !known) {
            views.insert(views.begin(), *recorded);
        }
        fmt::print("{}\n", jsonArray(asJson(views), *json));
        return EXIT_SUCCESS;
    }
    if (recorded && !known) {
        print(fmt::format("Recorded in {}", recordPath()), *recorded);
    }
    for (const auto& view : views) {
        print(fmt::format("Transfer {}", view.id), view);
    }
    return EXIT_SUCCESS;
}

} // namespace

int runList(const std::vector<std::string>& arguments) {
    const auto output = parseOutput(arguments, 0, "bootferryctl list [--json=short]");
    const auto views = liveTransfers(false);
    if (output.json) {
        fmt::print("{}\n", jsonArray(asJson(views), *output.json));
        return EXIT_SUCCESS;
    }
    for (const auto& view : views) {
        fmt::print("{}  {}  {}  {}  {}\n", view.id, stateName(view.progress.state), percentage(view.progress),
                   view.target, view.url);
    }
    return EXIT_SUCCESS;
}

int runStatus(const std::vector<std::string>& arguments) {
    const auto output = parseOutput(arguments, 1, "bootferryctl status [--json=short] [TRANSFER]");
    return output.words.empty() ? statusOfAll(output.json)
                                : statusOfOne(parseTransferNumber(output.words.front()), output.json);
}

int runCancel(const std::vector<std::string>& arguments) {
    const auto output = parseOutput(arguments, 1, "bootferryctl cancel TRANSFER");
    if (output.words.empty()) {
        throw Error(ErrorCode::Invalid, "cancel takes a transfer's number: see bootferryctl list");
    }
    const auto loop = makeLoop();
    ServiceClient(loop.get()).cancel(parseTransferNumber(output.words.front()));
    return EXIT_SUCCESS;
}

int runPlugins(const std::vector<std::string>& arguments) {
    const auto output = parseOutput(arguments, 0, "bootferryctl plugins [--json=short]");
    const auto loop = makeLoop();
    std::vector<JsonObject> objects;
    for (const auto& plugin : ServiceClient(loop.get()).plugins()) {
        if (!output.json) {
            fmt::print("{}  {}  {}\n", plugin.name, plugin.version, fmt::join(plugin.schemes, " "));
            continue;
        }
        objects.emplace_back();
        objects.back().add("name", plugin.name);
        objects.back().add("version", plugin.version);
        objects.back().add("schemes", plugin.schemes);
    }
    if (output.json) {
        fmt::print("{}\n", jsonArray(objects, *output.json));
    }
    return EXIT_SUCCESS;
}

} // namespace bootferry
