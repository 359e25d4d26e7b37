// SPDX-License-Identifier: LGPL-2.1-or-later
// What a supervisor (bootferryd, `bootferryctl fetch`) derives from its worker's reports: the fraction, the
// rate, the time left, and the URLs that bytes came from. The worker names those by their places in the
// request, so that no text of its own is shown. Values in, values out: no clock.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "rate_meter.h"
#include "transfer_status.h"

namespace bootferry {

class TransferMeter {
public:
    using Time = RateMeter::Time;

    // urls: the requested one, then its mirrors, without userinfo.
    explicit TransferMeter(std::vector<std::string> urls) : urls_(std::move(urls)) {}

    // An earlier fetch has left so many bytes.
    void continues(std::uint64_t bytes) { bytes_ = bytes; }

    // The server at this place has answered: later bytes come from there.
    void opened(std::size_t place);

    // The worker's report, and what follows from it.
    void progressed(TransferStatus& status, const Progress& progress, Time now);

    // Time has passed without a report: the rate falls while nothing arrives.
    void passed(TransferStatus& status, Time now);

private:
    void countSource(TransferStatus& status, const Progress& progress);

    std::vector<std::string> urls_;
    std::size_t place_ = 0;
    std::uint64_t bytes_ = 0; // at the last report
    RateMeter rate_;
};

} // namespace bootferry
