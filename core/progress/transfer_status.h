// SPDX-License-Identifier: LGPL-2.1-or-later
// All that is known of a transfer, the same in the service, on D-Bus and in its clients, and the JSON object
// that says it: what bootferryd leaves in /run/bootferry/result.json and what `bootferryctl --json=` prints
// have one shape, which bootferryctl(1) describes. Holds no secret.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "json.h"
#include "progress.h"

namespace bootferry {

// Progress as the worker reports it, and what the service adds. Times are in microseconds.
struct TransferStatus : Progress {
    std::uint32_t id = 0;
    std::string url;                // without userinfo
    std::string target;             // the device that was asked for
    std::uint64_t startedUSec = 0;  // CLOCK_REALTIME
    std::uint64_t finishedUSec = 0; // CLOCK_REALTIME; 0: not yet

    double fraction = -1;                     // 0…1, of what is to be received; -1: not known
    std::uint64_t rate = 0;                   // bytes a second
    std::uint64_t remainingUSec = UINT64_MAX; // UINT64_MAX: not known
    std::string plugin;                       // "curl 0.1.0"; empty until a worker has loaded it

    // Where the image lies: the target, or the loop device that stands in for it. Empty until it is ready.
    std::string device;
    bool reused = false; // the image was there; nothing was fetched
    std::string digest;  // "sha256:HEX" of what was received, where a checksum was asked for

    std::string errorName;    // "org.bootferry1.Error.NotFound"; empty unless failed or cancelled
    std::string errorMessage; // one line, without secrets

    bool operator==(const TransferStatus&) const = default;
};

// What came and what became of it, in bytes: "1.5 GiB", or "1.5 GiB (412.3 MiB compressed)".
[[nodiscard]] std::string sizeText(std::uint64_t received, std::uint64_t written);

// From the beginning to the end; nothing while it runs.
[[nodiscard]] std::optional<std::chrono::microseconds> durationOf(const TransferStatus& status);

// Bytes a second over the whole transfer; nothing where there is nothing to divide.
[[nodiscard]] std::optional<std::uint64_t> meanRate(const TransferStatus& status);

// What came of it, for people: "49.0 MiB from URL in 12 s, 3.9 MiB/s, 2 retries, sha256:5d35…".
[[nodiscard]] std::string summaryText(const TransferStatus& status);

[[nodiscard]] JsonObject toJson(const TransferStatus& status);

// The other way round; nothing where the text is no such object. Members that are missing keep their
// defaults.
[[nodiscard]] std::optional<TransferStatus> transferFromJson(std::string_view text);

} // namespace bootferry
