// SPDX-License-Identifier: LGPL-2.1-or-later
// Everything that is known about a transfer: the same structure in the service, on D-Bus and in the clients.
// Also its JSON form, which bootferryd writes to /run/bootferry/result.json and `bootferryctl --json=`
// prints; see bootferryctl(1). Contains no secrets.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "errors.h"
#include "json.h"
#include "progress.h"

namespace bootferry {

// The worker's progress, and what the service adds to it. Times are in microseconds.
struct TransferStatus : Progress {
    std::uint32_t id = 0;
    std::string url;    // without userinfo
    std::string target; // the requested device
    bool checksumRequested = false;
    std::string checksum; // the requested one, "sha256:HEX"; empty until its list was read, or without one
    std::uint64_t startedUSec = 0;  // CLOCK_REALTIME
    std::uint64_t finishedUSec = 0; // CLOCK_REALTIME; 0: not yet

    double fraction = -1;                     // received, 0…1; -1: not known
    std::uint64_t rate = 0;                   // bytes per second
    std::uint64_t remainingUSec = UINT64_MAX; // UINT64_MAX: not known
    std::vector<std::string> sources;         // the URLs that bytes came from; the current one is the last
    std::string plugin;                       // "curl 0.1.0"; empty until a worker has loaded it

    // The device with the image: the target, or a loop device in its place. Empty until the image is ready.
    std::string device;
    bool reused = false; // the target held an image already, and nothing was fetched
    // Who signed the checksum list, "FINGERPRINT USER-ID"; empty if no signature was verified.
    std::string signedBy;
    // "sha256:HEX" of what was received, if the request has a checksum: after success, or if it is another
    // one.
    std::string digest;

    std::string errorName;    // "org.bootferry1.Error.NotFound"; empty unless failed or cancelled
    std::string errorMessage; // one line, without secrets

    bool operator==(const TransferStatus&) const = default;
};

[[nodiscard]] std::uint64_t currentTimeUSec(); // CLOCK_REALTIME

// These end a transfer. elapsed: the duration from a monotonic clock, since an initrd's wall clock may be
// years off and may be set during the transfer. digest: empty without a checksum; of a failure, that of the
// bytes that do not match it. failure: Cancelled leads to a state of its own.
void setDone(TransferStatus& status, std::uint64_t bytes, std::uint64_t written, const std::string& digest,
             std::chrono::nanoseconds elapsed);
void setFailed(TransferStatus& status, const Error& failure, const std::string& digest,
               std::chrono::nanoseconds elapsed);

// "1.5 GiB", or "1.5 GiB (412.3 MiB compressed)" if the two differ. In bytes.
[[nodiscard]] std::string sizeText(std::uint64_t received, std::uint64_t written);

// From start to finish; nullopt while the transfer runs.
[[nodiscard]] std::optional<std::chrono::microseconds> durationOf(const TransferStatus& status);

// Bytes per second over the whole transfer; nullopt if the duration is not known or nothing was received.
// earlier: bytes received by an earlier fetch, which are not counted.
[[nodiscard]] std::optional<std::uint64_t> meanRate(const TransferStatus& status, std::uint64_t earlier = 0);

// "http://10.0.0.1/live.iso": the URL that the bytes came from, several if a mirror took over; the requested
// URL before any bytes have arrived.
[[nodiscard]] std::string sourceText(const TransferStatus& status);

// True if the bytes were compared with a requested checksum, and match it.
[[nodiscard]] bool isVerified(const TransferStatus& status);

// True if a checksum was requested, but nothing was read: the target held an image already.
[[nodiscard]] bool isUnverified(const TransferStatus& status);

// The result, for people: "49.0 MiB from URL in 12 s, 3.9 MiB/s, 2 retries, verified sha256:5d35…".
[[nodiscard]] std::string summaryText(const TransferStatus& status, std::uint64_t earlier = 0);

// The progress in one line, for people: the numbers, or the reason for waiting.
[[nodiscard]] std::string progressText(const TransferStatus& status);

[[nodiscard]] JsonObject toJson(const TransferStatus& status, std::uint64_t earlier = 0);

// The reverse of toJson(); nullopt if the text is not such an object. Missing members keep their defaults.
[[nodiscard]] std::optional<TransferStatus> transferFromJson(std::string_view text);

} // namespace bootferry
