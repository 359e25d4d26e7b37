// SPDX-License-Identifier: LGPL-2.1-or-later
#include "watch_verbs.h"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <utility>

#include <spdlog/fmt/fmt.h>
#include <sys/sysmacros.h>

#include "event_loop.h"
#include "files.h"
#include "image_on_demand.h"
#include "no_service.h"
#include "output_options.h"
#include "plain_text.h"
#include "service_client.h"
#include "standard_streams.h"
#include "transfer_number.h"
#include "transfer_view.h"

namespace bootferry {
namespace {

void line(const char* name, const std::string& value) {
    if (!value.empty()) {
        printOutput("{:>12}: {}\n", name, escapedText(value));
    }
}

void printTransfer(const std::string& title, const TransferStatus& status) {
    printOutput("{}\n", title);
    line("URL", status.url);
    line("Target", status.target);
    line("Device", status.device + (status.reused ? " (held an image already)" : ""));
    line("State", std::string(stateName(status.state)));
    line("Detail", status.detail);
    line("Received", receivedText(status));
    line("Source", status.sources.empty() ? "" : sourceText(status));
    line("Written", status.written > 0 ? formatSize(status.written) : "");
    line("Rate", rateText(status));
    line("Attempt", std::to_string(status.attempt));
    line("Took", tookText(status));
    line("Verified", isVerified(status) ? status.digest : "");
    line("Signed by", status.signedBy);
    line("Plugin", status.plugin);
    line("Error", status.errorName);
    line("Message", status.errorMessage);
}

std::string recordPath() {
    return runtimePath("result.json");
}

std::optional<RecordedTransfer> readRecord(const std::string& path) {
    const auto text = readSmallFile(path).value_or("");
    const auto members = parseJsonObject(text);
    auto status = transferFromJson(text);
    if (!members || !status) {
        return std::nullopt;
    }
    const auto medium = members->find("medium");
    const auto* identity = medium != members->end() ? std::get_if<std::string>(&medium->second) : nullptr;
    return RecordedTransfer{std::move(*status), identity != nullptr ? *identity : std::string()};
}

// mayBeNone: another transfer can be shown, so a missing service is not an error.
std::vector<TransferStatus> transfersOfService(bool mayBeNone) {
    const auto loop = makeEventLoop();
    try {
        return ServiceClient(loop.get()).transfers();
    } catch (const NoService& error) {
        if (!mayBeNone) {
            throw;
        }
        if (dynamic_cast<const SilentService*>(&error) != nullptr) {
            printError("bootferryctl: {}; only the recorded transfer is known\n", error.what());
        }
        return {};
    }
}

// In the initrd, both are the same service.
std::vector<TransferStatus> liveTransfers(bool mayBeNone) {
    auto transfers = transfersOnDemand();
    for (auto& status : transfersOfService(mayBeNone || !transfers.empty())) {
        if (std::none_of(transfers.begin(), transfers.end(),
                         [&](const auto& other) { return other.id == status.id; })) {
            transfers.push_back(std::move(status));
        }
    }
    return transfers;
}

std::vector<JsonObject> asJson(const std::vector<TransferStatus>& transfers) {
    std::vector<JsonObject> objects;
    std::transform(transfers.begin(), transfers.end(), std::back_inserter(objects),
                   [](const auto& status) { return toJson(status); });
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
                           return status.startedUSec == recorded->status.startedUSec;
                       });
    if (json) {
        if (recorded && !known) {
            transfers.insert(transfers.begin(), recorded->status);
        }
        printOutput("{}\n", jsonArray(asJson(transfers), *json));
        return EXIT_SUCCESS;
    }
    if (recorded && !known) {
        printTransfer(fmt::format("Recorded in {}", recordPath()), recorded->status);
    }
    for (const auto& status : transfers) {
        printTransfer(fmt::format("Transfer {}", status.id), status);
    }
    if (!recorded && transfers.empty()) {
        printOutput("No transfer runs, and none is recorded in {}.\n", escapedText(recordPath()));
    }
    return EXIT_SUCCESS;
}

} // namespace

std::optional<RecordedTransfer> recordedTransfer() {
    return readRecord(recordPath());
}

std::optional<RecordedTransfer> recordedDeployment(dev_t device) {
    return readRecord(runtimePath(fmt::format("deployed-{}:{}.json", major(device), minor(device))));
}

int runList(const CommandLine& line) {
    const auto json = jsonStyleOf(line);
    const auto transfers = liveTransfers(false);
    if (json) {
        printOutput("{}\n", jsonArray(asJson(transfers), *json));
        return EXIT_SUCCESS;
    }
    printOutput("{}", transferTable(transfers));
    return EXIT_SUCCESS;
}

int runStatus(const CommandLine& line) {
    const auto json = jsonStyleOf(line);
    return line.words.empty() ? statusOfAll(json)
                              : statusOfOne(parseTransferNumber(line.words.front()), json);
}

int runCancel(const CommandLine& line) {
    const auto id = parseTransferNumber(line.words.front());
    const auto loop = makeEventLoop();
    ServiceClient client(loop.get());
    const auto before = client.transfers();
    client.cancel(id);                  // reports NotPermitted even if the transfer has ended
    for (const auto& status : before) { // bootferryd ignores a request that comes too late
        if (status.id == id && isFinal(status.state)) {
            throw Error(ErrorCode::NotFound,
                        fmt::format("transfer {} has ended already: {}", id, stateName(status.state)));
        }
    }
    return EXIT_SUCCESS;
}

} // namespace bootferry
