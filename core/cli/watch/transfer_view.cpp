// SPDX-License-Identifier: LGPL-2.1-or-later
#include "transfer_view.h"

#include <spdlog/fmt/fmt.h>

#include "columns.h"
#include "percent.h"
#include "quantities.h"

namespace bootferry {
namespace {

bool isTotalKnown(const TransferStatus& status) {
    return status.total != unknownSize && status.total > 0;
}

std::string percentage(const TransferStatus& status) {
    const auto percent = percentOf(status.bytes, status.total);
    return percent ? fmt::format("{} %", *percent) : "";
}

std::string remainingText(const TransferStatus& status) {
    return status.remainingUSec != UINT64_MAX
               ? formatDuration(std::chrono::microseconds(status.remainingUSec))
               : "";
}

std::string bytesText(const TransferStatus& status) {
    return isTotalKnown(status) && status.bytes != status.total
               ? fmt::format("{} of {}", formatSize(status.bytes), formatSize(status.total))
               : formatSize(status.bytes);
}

} // namespace

std::string receivedText(const TransferStatus& status) {
    if (status.bytes == 0 && !isTotalKnown(status)) {
        return isFinal(status.state) ? "nothing" : "nothing yet";
    }
    const bool all = status.state == TransferState::Done;
    return isTotalKnown(status) && !all ? fmt::format("{}, {}", percentage(status), bytesText(status))
                                        : bytesText(status);
}

std::string rateText(const TransferStatus& status) {
    if (status.rate == 0 || isFinal(status.state)) {
        return {};
    }
    const auto left = remainingText(status);
    return formatRate(status.rate) + (left.empty() ? "" : fmt::format(", {} left", left));
}

std::string tookText(const TransferStatus& status) {
    const auto took = durationOf(status);
    const auto rate = meanRate(status);
    return !took ? "" : formatElapsed(*took) + (rate ? ", " + formatRate(*rate) : "");
}

std::string transferTable(const std::vector<TransferStatus>& transfers) {
    using Side = Column::Side;
    std::vector<std::vector<std::string>> rows;
    for (const auto& status : transfers) {
        const bool running = !isFinal(status.state);
        rows.push_back({std::to_string(status.id), std::string(stateName(status.state)), percentage(status),
                        status.bytes > 0 || isTotalKnown(status) ? bytesText(status) : "",
                        running && status.rate > 0 ? formatRate(status.rate) : "",
                        running ? remainingText(status) : "", status.target, status.url});
    }
    return alignedTable({{"ID"},
                         {"STATE"},
                         {"DONE", Side::Right},
                         {"RECEIVED", Side::Right},
                         {"RATE", Side::Right},
                         {"LEFT", Side::Right},
                         {"TARGET"},
                         {"URL"}},
                        std::move(rows));
}

} // namespace bootferry
