// SPDX-License-Identifier: LGPL-2.1-or-later
// What `bootferryctl fetch` says of itself: for people a progress line and a summary on standard error, or,
// with
// --json=, events on standard output, each the whole state of the transfer in the form that the service uses
// (transfer_status.h). The last event has a final state. An event that nobody reads costs the exit status,
// not the fetch (standard_streams.h).
#pragma once

#include <optional>
#include <string>

#include "json.h"
#include "progress_line.h"
#include "transfer_meter.h"
#include "transfer_request.h"
#include "worker_process.h"

namespace bootferry {

class FetchReport {
public:
    FetchReport(const TransferRequest& request, std::optional<JsonStyle> json, bool quiet);

    [[nodiscard]] bool usesStandardOutput() const { return json_.has_value(); }

    void continues(std::uint64_t bytes, const std::string& part);
    void pluginLoaded(const std::string& nameAndVersion) { status_.plugin = nameAndVersion; }
    void opened(std::size_t place) { meter_.opened(place); }
    void progressed(const Progress& progress);
    void passed(); // call about once a second while there is no report

    // One of these ends the report. device: empty for a file or a stream. inWords: say it to people, too.
    void done(const WorkerResult& result, const std::string& device);
    void failed(const Error& failure, bool inWords);

private:
    void show();
    void event() const;

    std::optional<JsonStyle> json_;
    bool quiet_; // nothing for people but a failure
    TransferStatus status_;
    TransferMeter meter_;
    TransferMeter::Time begun_;
    std::uint64_t earlier_ = 0; // bytes that an earlier fetch left
    ProgressLine line_;
};

} // namespace bootferry
