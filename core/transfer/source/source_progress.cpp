// SPDX-License-Identifier: LGPL-2.1-or-later
#include "source_progress.h"

#include <algorithm>

#include <spdlog/fmt/fmt.h>

#include "quantities.h"

namespace bootferry {

std::vector<std::string> originNames(const std::vector<Url>& urls) {
    std::vector<std::string> names;
    names.reserve(urls.size());
    for (const auto& url : urls) {
        const auto authority = url.authority();
        const auto sharers = std::count_if(urls.begin(), urls.end(), [&authority](const Url& other) {
            return other.authority() == authority;
        });
        auto name = sharers > 1 ? url.shown() : authority;
        // They may differ in the query, which is not shown.
        const bool isTaken = std::find(names.begin(), names.end(), name) != names.end();
        names.push_back(isTaken ? fmt::format("{} (mirror {})", name, names.size()) : name);
    }
    return names;
}

bool SourceProgress::isUnderWay() const {
    return reporter_.progress().state == TransferState::Transferring;
}

void SourceProgress::connecting(const Url& url) {
    if (!isUnderWay()) {
        reporter_.setState(TransferState::Connecting, fmt::format("connecting to {}", url.authority()));
    }
}

void SourceProgress::transferring(const std::optional<std::uint64_t>& size) {
    this->size(size);
    if (!isUnderWay()) {
        reporter_.setState(TransferState::Transferring);
    }
}

void SourceProgress::size(const std::optional<std::uint64_t>& size) {
    reporter_.setTotal(size.value_or(unknownSize));
}

void SourceProgress::delivered(std::uint64_t offset) {
    reporter_.setBytes(offset);
}

void SourceProgress::startsAt(std::uint64_t offset, const std::optional<std::uint64_t>& size) {
    reporter_.setBytes(offset);
    this->size(size);
}

void SourceProgress::failedAttempt() {
    reporter_.countAttempt();
}

void SourceProgress::waiting(std::chrono::milliseconds time, const std::string& reasons, bool isNetworkUp) {
    reporter_.setState(TransferState::Waiting,
                       isNetworkUp ? fmt::format("retrying in {}: {}", formatDuration(time), reasons)
                                   : fmt::format("waiting for the network ({})", reasons));
}

void SourceProgress::switching(std::size_t from, std::size_t to, const Error& why) {
    reporter_.setState(TransferState::Waiting,
                       fmt::format("switching from {} to {}: {}", names_[from], names_[to], why.what()));
}

} // namespace bootferry
