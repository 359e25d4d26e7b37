// SPDX-License-Identifier: LGPL-2.1-or-later
// The output of `bootferryctl fetch`: a progress line and a summary on standard error or, with --json=,
// events on standard output. Each event is the whole state of the transfer, in the same form as in the output
// for transfers of the service (transfer_status.h); the last one has a final state. If an event cannot be
// written, the fetch continues, but the exit status is 1 (standard_streams.h).
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

    void continues(std::uint64_t bytes, const std::string& part);
    void doesNotContinue(const std::string& why); // why: a sentence
    void pluginLoaded(const std::string& nameAndVersion);
    void checksumFound(const std::string& checksum) { status_.checksum = checksum; }
    void checksumDiffers(const std::string& received) { received_ = received; }
    void listSigned(const std::string& signer);
    void opened(std::size_t origin);
    void sourceKnown(std::optional<std::uint64_t> size, const std::string& validator);
    void progressed(const Progress& progress);
    void timePassed(); // call about once a second while there is no report

    // One of these ends the report. device: empty for a file or a stream. inWords: also print a message.
    void done(const WorkerResult& result, const std::string& device);
    void failed(const Error& failure, bool inWords);

private:
    void remark(std::string text);
    void show();
    void event() const;

    std::optional<JsonStyle> json_;
    bool quiet_; // print nothing but failures
    TransferStatus status_;
    std::vector<std::string> urls_; // the requested one, then its mirrors
    std::string received_;          // the last checksum that was not the requested one
    std::size_t origin_ = 0;        // the last one that has answered
    std::string source_;            // the line about it that was logged last
    TransferMeter meter_;
    TransferMeter::Time begun_;
    std::uint64_t earlier_ = 0; // bytes received by an earlier fetch
    ProgressLine line_;
};

} // namespace bootferry
