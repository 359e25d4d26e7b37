// SPDX-License-Identifier: LGPL-2.1-or-later
// The progress of a transfer: its state (property State of org.bootferry1.Transfer on D-Bus) and the numbers
// beside it. The worker fills this in and sends it to the supervisor over the channel.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "quantities.h"

namespace bootferry {

enum class TransferState {
    Waiting, // for the network, the server, or the next try
    Connecting,
    Transferring,
    Verifying,
    Committing, // writing the head, which is the last step
    Done,
    Failed,
    Cancelled,
};

[[nodiscard]] std::string_view stateName(TransferState state); // "waiting" …
[[nodiscard]] std::optional<TransferState> stateFromName(std::string_view name);
[[nodiscard]] bool isFinal(TransferState state);

struct Progress {
    TransferState state = TransferState::Connecting;
    std::string detail;      // for people: "waiting for the network", "retrying in 8 s: …"; may be empty
    std::uint64_t bytes = 0; // received, before decoding
    std::uint64_t total = unknownSize; // to be received
    std::uint64_t written = 0;         // safe on the target
    std::uint32_t attempt = 1;

    bool operator==(const Progress&) const = default;
};

// Receives progress reports, throttled by ProgressReporter. Called from the pipeline's thread, or from a
// thread of a plugin.
class ProgressListener {
public:
    ProgressListener() = default;
    ProgressListener(const ProgressListener&) = delete;
    ProgressListener& operator=(const ProgressListener&) = delete;
    virtual ~ProgressListener() = default;
    virtual void progressed(const Progress& progress) = 0;
};

} // namespace bootferry
