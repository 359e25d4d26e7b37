// SPDX-License-Identifier: LGPL-2.1-or-later
// Where a transfer stands: the states D-Bus shows (org.bootferry1.Transfer, property State) and the numbers
// beside them. Filled by the worker's loop, carried over the channel, shown by everybody.
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
    Committing, // writing the head, the last thing
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
    std::uint64_t bytes = 0; // received, before any decoder
    std::uint64_t total = unknownSize; // of what is received
    std::uint64_t written = 0;         // safe on the target
    std::uint32_t attempt = 1;

    bool operator==(const Progress&) const = default;
};

// Who wants to know. Called from the pipeline's thread, as often as something changes; throttling is the
// caller's.
class ProgressListener {
public:
    ProgressListener() = default;
    ProgressListener(const ProgressListener&) = delete;
    ProgressListener& operator=(const ProgressListener&) = delete;
    virtual ~ProgressListener() = default;
    virtual void progressed(const Progress& progress) = 0;
};

} // namespace bootferry
