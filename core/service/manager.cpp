// SPDX-License-Identifier: LGPL-2.1-or-later
// The end of a transfer is reported in this order: the files that other units wait for, the journal, D-Bus.
#include "manager.h"

#include <algorithm>

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h> // fmt::join() since fmt 11

#include "dolly_trust.h"
#include "files.h"
#include "journal_messages.h"
#include "log.h"
#include "on_demand.h"
#include "outcome_files.h"
#include "signed_list.h"
#include "text.h"

namespace bootferry {
namespace {

constexpr std::size_t finishedKept = 16;

void writeOutcome(const std::string& folder, const TransferStatus& status, bool inInitrd) {
    try {
        writeOutcomeFiles(folder, status, inInitrd);
    } catch (const std::exception& error) {
        logError(fmt::format("recording the result of transfer {}: {}, ignoring", status.id, error.what()));
    }
}

// For `bootferryctl profile`. Which files a boot reads is nobody else's business.
void keepBootProfile(const std::string& folder, const std::string& profile) {
    if (profile.empty()) {
        return;
    }
    try {
        writeFileAtomically(folder + "/boot-profile", profile, 0600);
    } catch (const std::exception& error) {
        logWarning(fmt::format("keeping what was read: {}, ignoring", error.what()));
    }
}

// A service that starts again does not reuse a number: a client that watches or cancels transfer 2 would get
// another transfer.
std::string numberFile(const std::string& folder) {
    return folder + "/last-transfer";
}

std::uint32_t lastNumber(const std::string& folder) {
    try {
        const auto text = readSmallFile(numberFile(folder));
        return text ? parseNumber<std::uint32_t>(trimmed(*text)).value_or(0) : 0;
    } catch (const Error& error) {
        logError(fmt::format("reading the number of the last transfer: {}, ignoring", error.what()));
        return 0;
    }
}

void recordNumber(const std::string& folder, std::uint32_t number) {
    try {
        writeFileAtomically(numberFile(folder), fmt::format("{}\n", number));
    } catch (const std::exception& error) {
        logError(fmt::format("recording the number of transfer {}: {}, ignoring", number, error.what()));
    }
}

void logStart(const TransferStatus& status) {
    journalEntry(LogLevel::Info, fmt::format("{} to {}: started", status.url, status.target),
                 {{"MESSAGE_ID", transferStartedMessage},
                  {"BOOTFERRY_TRANSFER", std::to_string(status.id)},
                  {"BOOTFERRY_URL", status.url},
                  {"BOOTFERRY_TARGET", status.target}});
}

void logSuccess(const TransferStatus& status) {
    journalEntry(LogLevel::Info, fmt::format("{}: {}", status.device, summaryText(status)),
                 {{"MESSAGE_ID", status.reused ? imageReusedMessage : transferDoneMessage},
                  {"BOOTFERRY_TRANSFER", std::to_string(status.id)},
                  {"BOOTFERRY_URL", status.url},
                  {"BOOTFERRY_TARGET", status.target},
                  {"BOOTFERRY_DEVICE", status.device},
                  {"BOOTFERRY_SOURCES", fmt::format("{}", fmt::join(status.sources, " "))},
                  {"BOOTFERRY_BYTES", std::to_string(status.bytes)},
                  {"BOOTFERRY_BYTES_WRITTEN", std::to_string(status.written)},
                  {"BOOTFERRY_DURATION_USEC", std::to_string(status.finishedUSec - status.startedUSec)},
                  {"BOOTFERRY_RATE", std::to_string(meanRate(status).value_or(0))},
                  {"BOOTFERRY_ATTEMPTS", std::to_string(status.attempt)},
                  {"BOOTFERRY_DIGEST", status.digest},
                  {"BOOTFERRY_SIGNED_BY", status.signedBy},
                  {"BOOTFERRY_PLUGIN", status.plugin}});
}

void logFailure(const TransferStatus& status) {
    const auto code = errorCodeFromName(status.errorName.substr(status.errorName.rfind('.') + 1));
    const auto cancelled = status.state == TransferState::Cancelled;
    journalEntry(cancelled ? LogLevel::Info : LogLevel::Error,
                 fmt::format("{} to {}: {}", status.url, status.target, status.errorMessage),
                 {{"MESSAGE_ID",
                   failureMessage(cancelled ? ErrorCode::Cancelled : code.value_or(ErrorCode::Internal))},
                  {"BOOTFERRY_TRANSFER", std::to_string(status.id)},
                  {"BOOTFERRY_URL", status.url},
                  {"BOOTFERRY_TARGET", status.target},
                  {"BOOTFERRY_BYTES", std::to_string(status.bytes)},
                  {"BOOTFERRY_ATTEMPTS", std::to_string(status.attempt)},
                  {"BOOTFERRY_ERROR", status.errorName}});
}

void logEnd(const TransferStatus& status) {
    if (status.state == TransferState::Done) {
        logSuccess(status);
    } else {
        logFailure(status);
    }
}

constexpr const char* keysCredential = "keys"; // bootferry.keys

// Where this machine's own settings demand signatures, only its own keys count: the kernel command line can
// set a credential, too.
TrustedKeys trustedKeys(const ServiceSettings& settings, bool ownOnly) {
    TrustedKeys keys;
    keys.addFolder(settings.settingsFolder + "/keys");
    const auto credential = settings.credentials.find(keysCredential);
    if (credential == settings.credentials.end()) {
        return keys;
    }
    if (ownOnly) {
        logWarning(
            fmt::format("'{}/verify' accepts only the keys beside it: ignoring those of the credential "
                        "bootferry.keys",
                        settings.settingsFolder));
        return keys;
    }
    keys.addText(credential->second, "bootferry.keys");
    return keys;
}

} // namespace

Manager::Manager(sd_event* event, ServiceSettings settings)
    : event_(event), settings_(std::move(settings)), lastId_(lastNumber(settings_.runtimeDirectory)) {}

Transfer& Manager::start(TransferRequest request) {
    if (!refusal_.empty()) {
        throw Error(ErrorCode::Unreachable, refusal_);
    }
    for (const auto& [id, other] : transfers_) {
        if (!other->ended() && other->status().target == request.target) {
            throw Error(ErrorCode::TargetRefused,
                        fmt::format("'{}' is being written by transfer {}", request.target, id));
        }
    }
    if (request.requireLiveImage) { // the image will be booted
        requireProofOfDollyServer(request, settings_.credentials);
    }
    const bool demanded = requiresSignatures(settings_.settingsFolder);
    request.signedOnly = request.signedOnly || demanded;
    requireSignedList(request);
    requireReadableOnDemand(request);
    WorkerJob job{.request = std::move(request),
                  .credentials = settings_.credentials,
                  .pluginDir = settings_.pluginDir};
    job.credentials.erase(keysCredential);
    if (job.request.signature) {
        job.keys = trustedKeys(settings_, demanded);
    }
    auto transfer = std::make_unique<Transfer>(lastId_ + 1, event_, settings_.program, std::move(job),
                                               static_cast<TransferListener&>(*this));
    transfer->start();
    recordNumber(settings_.runtimeDirectory, ++lastId_);
    auto& started = *transfer;
    transfers_.emplace(started.id(), std::move(transfer));
    logStart(started.status());
    if (listener_ != nullptr) {
        listener_->transferNew(started);
    }
    forgetOldest();
    return started;
}

void Manager::cancel(std::uint32_t id) {
    auto* transfer = find(id);
    if (transfer == nullptr) {
        throw Error(ErrorCode::NotFound, fmt::format("there is no transfer {}", id));
    }
    transfer->cancel();
}

void Manager::stopAll() {
    for (const auto& [id, transfer] : transfers_) {
        transfer->stop();
    }
}

Transfer* Manager::find(std::uint32_t id) const {
    const auto found = transfers_.find(id);
    return found != transfers_.end() ? found->second.get() : nullptr;
}

bool Manager::idle() const {
    return std::all_of(transfers_.begin(), transfers_.end(),
                       [](const auto& entry) { return entry.second->ended(); });
}

void Manager::readable(Transfer& transfer) {
    writeOutcome(settings_.runtimeDirectory, transfer.status(), settings_.inInitrd);
    logInfo(fmt::format("{} can be read, and arrives meanwhile", transfer.status().device));
    changed(transfer);
}

void Manager::changed(Transfer& transfer) {
    if (listener_ != nullptr) {
        listener_->transferChanged(transfer);
    }
}

void Manager::ended(Transfer& transfer) {
    if (settings_.inInitrd) {
        keepBootProfile(settings_.runtimeDirectory, transfer.takeBootProfile());
    }
    writeOutcome(settings_.runtimeDirectory, transfer.status(), settings_.inInitrd);
    logEnd(transfer.status());
    if (listener_ != nullptr) {
        listener_->transferEnded(transfer);
    }
}

// Called when a new transfer starts, never from within a transfer's own callback.
void Manager::forgetOldest() {
    auto finished = static_cast<std::size_t>(std::count_if(
        transfers_.begin(), transfers_.end(), [](const auto& entry) { return entry.second->ended(); }));
    for (auto entry = transfers_.begin(); finished > finishedKept && entry != transfers_.end();) {
        if (!entry->second->ended()) {
            ++entry;
            continue;
        }
        if (listener_ != nullptr) {
            listener_->transferForgotten(*entry->second);
        }
        entry = transfers_.erase(entry);
        --finished;
    }
}

} // namespace bootferry
