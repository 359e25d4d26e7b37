// SPDX-License-Identifier: LGPL-2.1-or-later
#include "watch_verbs.h"

#include <algorithm>
#include <cstdlib>
#include <optional>

#include <spdlog/fmt/fmt.h>

#include "files.h"
#include "no_service.h"
#include "output_options.h"
#include "plugin_options.h"
#include "service_client.h"
#include "standard_streams.h"
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
    return bytes == unknownSize ? "unknown" : formatSize(bytes);
}

void line(const char* name, const std::string& value) {
    if (!value.empty()) {
        printOutput("{:>12}: {}\n", name, value);
    }
}

std::string duration(const TransferStatus& status) {
    const auto took = durationOf(status);
    const auto rate = meanRate(status);
    return !took ? "" : formatDuration(*took) + (rate ? fmt::format(" ({})", formatRate(*rate)) : "");
}

void printTransfer(const std::string& title, const TransferStatus& status) {
    printOutput("{}\n", title);
    line("URL", status.url);
    line("Target", status.target);
    line("Device", status.device + (status.reused ? " (held an image already)" : ""));
    line("State", fmt::format("{} ({})", stateName(status.state), percentage(status)));
    line("Detail", status.detail);
    line("Received", fmt::format("{} of {}", formatSize(status.bytes), sizeOrUnknown(status.total)));
    line("Written", formatSize(status.written));
    line("Attempt", std::to_string(status.attempt));
    line("Took", duration(status));
    line("Digest", status.digest);
    line("Plugin", status.plugin);
    line("Error", status.errorName);
    line("Message", status.errorMessage);
}

std::string recordPath() {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): one thread
    const char* folder = std::getenv("BOOTFERRY_RUNTIME_DIRECTORY");
    return std::string(folder != nullptr ? folder : "/run/bootferry") + "/result.json";
}

// The transfer recorded by the service of the initrd, or by one that has exited since.
std::optional<TransferStatus> recordedTransfer() {
    const auto text = readSmallFile(recordPath());
    return text ? transferFromJson(*text) : std::nullopt;
}

// mayBeNone: a recorded transfer can be shown, so a missing service is not an error.
std::vector<TransferStatus> liveTransfers(bool mayBeNone) {
    const auto loop = makeLoop();
    try {
        return ServiceClient(loop.get()).transfers();
    } catch (const NoService&) {
        if (!mayBeNone) {
            throw;
        }
        return {};
    }
}

std::vector<JsonObject> asJson(const std::vector<TransferStatus>& transfers) {
    std::vector<JsonObject> objects;
    std::transform(transfers.begin(), transfers.end(), std::back_inserter(objects), toJson);
    return objects;
}

int statusOfOne(std::uint32_t id, std::optional<JsonStyle> json) {
    for (const auto& status : liveTransfers(false)) {
        if (status.id != id) {
            continue;
        }
        if (json) {
            printOutput("{}\n", toJson(status).text(*json));
        } else {
            printTransfer(fmt::format("Transfer {}", id), status);
        }
        return EXIT_SUCCESS;
    }
    throwNoTransfer(id);
}

int statusOfAll(std::optional<JsonStyle> json) {
    const auto recorded = recordedTransfer();
    auto transfers = liveTransfers(recorded.has_value());
    const bool known = recorded && std::any_of(transfers.begin(), transfers.end(), [&](const auto& status) {
                           return status.startedUSec == recorded->startedUSec;
                       });
    if (json) {
        if (recorded && !known) {
            transfers.insert(transfers.begin(), *recorded);
        }
        printOutput("{}\n", jsonArray(asJson(transfers), *json));
        return EXIT_SUCCESS;
    }
    if (recorded && !known) {
        printTransfer(fmt::format("Recorded in {}", recordPath()), *recorded);
    }
    for (const auto& status : transfers) {
        printTransfer(fmt::format("Transfer {}", status.id), status);
    }
    return EXIT_SUCCESS;
}

} // namespace

int runList(const CommandLine& line) {
    const auto json = jsonStyleOf(line);
    const auto transfers = liveTransfers(false);
    if (json) {
        printOutput("{}\n", jsonArray(asJson(transfers), *json));
        return EXIT_SUCCESS;
    }
    for (const auto& status : transfers) {
        printOutput("{}  {}  {}  {}  {}\n", status.id, stateName(status.state), percentage(status),
                    status.target, status.url);
    }
    return EXIT_SUCCESS;
}

int runStatus(const CommandLine& line) {
    const auto json = jsonStyleOf(line);
    return line.words.empty() ? statusOfAll(json)
                              : statusOfOne(parseTransferNumber(line.words.front()), json);
}

int runCancel(const CommandLine& line) {
    const auto id = parseTransferNumber(line.words.front());
    const auto loop = makeLoop();
    ServiceClient(loop.get()).cancel(id);
    return EXIT_SUCCESS;
}

int runPlugins(const CommandLine& line) {
    const auto json = jsonStyleOf(line);
    if (line.has("options")) {
        return printPluginOptions(json);
    }
    const auto loop = makeLoop();
    std::vector<JsonObject> objects;
    for (const auto& plugin : ServiceClient(loop.get()).plugins()) {
        if (!json) {
            printOutput("{}  {}  {}\n", plugin.name, plugin.version, fmt::join(plugin.schemes, " "));
            continue;
        }
        objects.emplace_back();
        objects.back().add("name", plugin.name);
        objects.back().add("version", plugin.version);
        objects.back().add("schemes", plugin.schemes);
    }
    if (json) {
        printOutput("{}\n", jsonArray(objects, *json));
    }
    return EXIT_SUCCESS;
}

} // namespace bootferry
