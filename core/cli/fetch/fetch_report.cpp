// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fetch_report.h"

#include <algorithm>

#include <spdlog/fmt/fmt.h>

#include "error_line.h"
#include "log.h"
#include "plain_text.h"
#include "quantities.h"
#include "standard_streams.h"

namespace bootferry {

FetchReport::FetchReport(const TransferRequest& request, std::optional<JsonStyle> json, bool quiet)
    : json_(json), quiet_(quiet), urls_(shownUrls(request)), meter_(urls_),
      begun_(TransferMeter::Time::clock::now()) {
    status_.url = request.url.shown();
    status_.target = request.target;
    status_.checksumRequested = request.checksum || request.checksumUrl;
    status_.checksum = request.checksum.value_or("");
    status_.startedUSec = currentTimeUSec();
}

void FetchReport::continues(std::uint64_t bytes, const std::string& part) {
    meter_.continues(bytes);
    status_.bytes = earlier_ = bytes;
    remark(fmt::format("resuming after the {} in '{}'", formatSize(bytes), part));
}

void FetchReport::doesNotContinue(const std::string& why) {
    remark(why);
}

void FetchReport::remark(std::string text) {
    status_.detail = std::move(text);
    if (json_) {
        event();
    } else if (!quiet_) {
        printError("{}\n", escapedText(status_.detail));
    }
}

void FetchReport::pluginLoaded(const std::string& nameAndVersion) {
    logDebug(fmt::format("using the plugin {}", escapedText(nameAndVersion)));
    status_.plugin = nameAndVersion;
}

void FetchReport::listSigned(const std::string& signer) {
    status_.signedBy = signer;
    line_.end();
    remark(fmt::format("the checksum list is signed by {}", signer));
}

void FetchReport::opened(std::size_t origin) {
    origin_ = origin;
    meter_.opened(origin);
}

// Called at the beginning, and again at the end if the version comes from another attempt.
void FetchReport::sourceKnown(std::optional<std::uint64_t> size, const std::string& validator) {
    auto source =
        fmt::format("receiving from {}, {}, version {}", urls_.at(std::min(origin_, urls_.size() - 1)),
                    size ? fmt::format("{} bytes", *size) : "size not known",
                    validator.empty() ? "not known" : escapedText(validator));
    if (source != source_) {
        logDebug(source);
        source_ = std::move(source);
    }
}

void FetchReport::progressed(const Progress& progress) {
    if (progress.attempt != status_.attempt) {
        logDebug(fmt::format("attempt {}", progress.attempt));
    }
    if (progress.bytes < earlier_) {
        earlier_ = 0; // starting over
    }
    meter_.progressed(status_, progress, TransferMeter::Time::clock::now());
    if (status_.state == TransferState::Verifying && !status_.checksumRequested) {
        status_.state = TransferState::Committing; // the bytes are only synced
    }
    show();
}

void FetchReport::timePassed() {
    const auto before = status_.rate;
    meter_.timePassed(status_, TransferMeter::Time::clock::now());
    if (status_.rate != before) {
        show();
    }
}

void FetchReport::done(const WorkerResult& result, const std::string& device) {
    status_.device = device;
    setDone(status_, result.bytes, result.written, result.digest, TransferMeter::Time::clock::now() - begun_);
    line_.end();
    if (json_) {
        event();
    } else if (!quiet_) {
        printError("{}\n", escapedText(status_.target + ": " + summaryText(status_, earlier_)));
    }
}

void FetchReport::failed(const Error& failure, bool inWords) {
    if (isFinal(status_.state)) {
        return;
    }
    setFailed(status_, failure, received_, TransferMeter::Time::clock::now() - begun_);
    line_.end();
    if (json_) {
        event();
    }
    if (inWords) {
        printError("bootferryctl: fetching {}: {}\n", status_.url, errorLine(failure.what()));
    }
}

void FetchReport::show() {
    if (json_) {
        event();
    } else if (!quiet_) {
        line_.show(status_);
    }
}

void FetchReport::event() const {
    printOutput("{}\n", toJson(status_, earlier_).text(*json_));
    (void)flushOutput();
}

} // namespace bootferry
