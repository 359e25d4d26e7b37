// SPDX-License-Identifier: LGPL-2.1-or-later
#include "transfer_meter.h"

#include <algorithm>

namespace bootferry {

void TransferMeter::opened(std::size_t origin) {
    origin_ = std::min(origin, urls_.size() - 1);
}

void TransferMeter::progressed(TransferStatus& status, const Progress& progress, Time now) {
    countSource(status, progress);
    static_cast<Progress&>(status) = progress;
    status.fraction = -1;
    if (progress.total != unknownSize && progress.total > 0) {
        status.fraction =
            std::min(1.0, static_cast<double>(progress.bytes) / static_cast<double>(progress.total));
    }
    timePassed(status, now);
}

void TransferMeter::timePassed(TransferStatus& status, Time now) {
    if (status.state == TransferState::Transferring) {
        rate_.add(now, status.bytes);
    } else {
        rate_ = {}; // a rate does not include waits
    }
    status.rate = rate_.rate();
    const auto remaining = rate_.remaining(status.total);
    status.remainingUSec = remaining ? static_cast<std::uint64_t>(remaining->count()) : UINT64_MAX;
}

// A server counts as a source once it has delivered bytes, or an empty file.
void TransferMeter::countSource(TransferStatus& status, const Progress& progress) {
    if (progress.bytes < bytes_) {
        status.sources.clear(); // starting over: the bytes that they delivered are discarded
    }
    const bool empty = progress.state == TransferState::Verifying && status.sources.empty();
    if (progress.bytes > bytes_ || empty) {
        const auto& url = urls_[origin_];
        std::erase(status.sources, url);
        status.sources.push_back(url);
    }
    bytes_ = progress.bytes;
}

} // namespace bootferry
