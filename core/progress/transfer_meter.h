// SPDX-License-Identifier: LGPL-2.1-or-later
// What a supervisor (bootferryd, `bootferryctl fetch`) derives from its worker's reports: the fraction, the
// rate, the time left, and the URLs that bytes came from. The worker names a URL by its position in the
// request, so that a hostile worker cannot choose the text that is shown. Values in, values out: no clock.
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

    // Call first if an earlier fetch has received this many bytes.
    void continues(std::uint64_t bytes) { bytes_ = bytes; }

    // This origin has answered: later bytes come from it.
    void opened(std::size_t origin);

    // Updates the status from the worker's report.
    void progressed(TransferStatus& status, const Progress& progress, Time now);

    // Updates the rate after some time without a report: it falls while nothing arrives.
    void timePassed(TransferStatus& status, Time now);

private:
    void countSource(TransferStatus& status, const Progress& progress);

    std::vector<std::string> urls_;
    std::size_t origin_ = 0;
    std::uint64_t bytes_ = 0; // at the last report
    RateMeter rate_;
};

} // namespace bootferry
