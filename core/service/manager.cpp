// SPDX-License-Identifier: LGPL-2.1-or-later
// The end of a transfer is told to the world in this order: the files that other units wait for, the
// journal, D-Bus.
#include "manager.h"

#include <algorithm>

#include <spdlog/fmt/fmt.h>

#include "log.h"
#include "outcome_files.h"

namespace bootferry {
namespace {

constexpr std::size_t finishedKept = 16;

void writeOutcome(const std::string& folder, const Transfer& transfer) {
    try {
        writeOutcomeFiles(folder, transfer);
    } catch (const std::exception& error) {
        spdlog::error("writing down how transfer {} ended: {}, ignoring", transfer.id(), error.what());
    }
}

void logEnd(const Transfer& transfer) {
    const auto& status = transfer.status();
    if (status.state == TransferState::Done) {
        journalEntry(
            spdlog::level::info,
            fmt::format("{}: {} from {}", transfer.device(), formatSize(status.bytesWritten), transfer.url()),
            {{"BOOTFERRY_TRANSFER", std::to_string(transfer.id())},
             {"BOOTFERRY_URL", transfer.url()},
             {"BOOTFERRY_TARGET", transfer.target()},
             {"BOOTFERRY_DEVICE", transfer.device()},
             {"BOOTFERRY_BYTES", std::to_string(status.bytesTransferred)},
             {"BOOTFERRY_SHA256", transfer.result().sha256},
             {"BOOTFERRY_PLUGIN", status.plugin},
             {"BOOTFERRY_ATTEMPT", std::to_string(status.attempt)}});
    } else {
        const auto cancelled = status.state == TransferState::Cancelled;
        journalEntry(cancelled ? spdlog::level::info : spdlog::level::err,
                     fmt::format("{} to {}: {}", transfer.url(), transfer.target(), status.errorMessage),
                     {{"BOOTFERRY_TRANSFER", std::to_string(transfer.id())},
                      {"BOOTFERRY_URL", transfer.url()},
                      {"BOOTFERRY_TARGET", transfer.target()},
                      {"BOOTFERRY_ERROR", status.errorName},
                      {"BOOTFERRY_ATTEMPT", std::to_string(status.attempt)}});
    }
}

} // namespace

Manager::Manager(sd_event* event, ServiceSettings settings) : event_(event), settings_(std::move(settings)) {}

Transfer& Manager::start(TransferRequest request) {
    for (const auto& [id, other] : transfers_) {
        if (!other->ended() && other->target() == request.target) {
            throw Error(ErrorCode::TargetRefused,
                        fmt::format("'{}' is being written by transfer {}", request.target, id));
        }
    }
    WorkerJob job{.request = std::move(request),
                  .credentials = settings_.credentials,
                  .pluginDir = settings_.pluginDir};
    auto transfer = std::make_unique<Transfer>(lastId_ + 1, event_, settings_.program, std::move(job),
                                               static_cast<TransferListener&>(*this));
    transfer->start();
    ++lastId_;
    auto& started = *transfer;
    transfers_.emplace(started.id(), std::move(transfer));
    journalEntry(spdlog::level::info, fmt::format("{} to {}: started", started.url(), started.target()),
                 {{"BOOTFERRY_TRANSFER", std::to_string(started.id())},
                  {"BOOTFERRY_URL", started.url()},
                  {"BOOTFERRY_TARGET", started.target()}});
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

void Manager::cancelAll() {
    for (const auto& [id, transfer] : transfers_) {
        transfer->cancel();
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

void Manager::changed(Transfer& transfer) {
    if (listener_ != nullptr) {
        listener_->transferChanged(transfer);
    }
}

void Manager::ended(Transfer& transfer) {
    writeOutcome(settings_.runtimeDirectory, transfer);
    logEnd(transfer);
    if (listener_ != nullptr) {
        listener_->transferEnded(transfer);
    }
}

// Called when a new one has come, never from within a transfer's own callback.
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
