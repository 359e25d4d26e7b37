// SPDX-License-Identifier: LGPL-2.1-or-later
// A transfer as it is seen from outside, and the JSON object that says the same: what bootferryd leaves in
// /run/bootferry/result.json and what `bootferryctl --json=` prints have one shape, which bootferryctl(1)
// describes. Holds no secret.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "json.h"
#include "progress.h"

namespace bootferry {

// The properties of org.bootferry1.Transfer, see org.bootferry1(5).
struct TransferView {
    std::uint32_t id = 0;
    std::string url;
    std::string target;
    std::string device;  // where the image lies; empty before the end
    bool reused = false; // the device held an image already
    std::string plugin;
    std::string digest; // "sha256:HEX" of what was received; empty where no checksum was asked for
    Progress progress;
    std::uint64_t startedUSec = 0;  // since 1970
    std::uint64_t finishedUSec = 0; // 0: not yet
    std::string errorName;
    std::string errorMessage;
};

// What came and what became of it, in bytes: "1.5 GiB", or "1.5 GiB (412.3 MiB compressed)".
[[nodiscard]] std::string sizeText(std::uint64_t received, std::uint64_t written);

// From the beginning to the end; nothing while it runs.
[[nodiscard]] std::optional<std::chrono::microseconds> durationOf(const TransferView& view);

// Bytes a second over the whole transfer; nothing where there is nothing to divide.
[[nodiscard]] std::optional<std::uint64_t> meanRate(const TransferView& view);

// What came of it, for people: "49.0 MiB from URL in 12 s, 3.9 MiB/s, 2 retries, sha256:5d35…".
[[nodiscard]] std::string summaryText(const TransferView& view);

[[nodiscard]] JsonObject toJson(const TransferView& view);

// The other way round; nothing where the text is no such object. Members that are missing keep their
// defaults.
[[nodiscard]] std::optional<TransferView> transferFromJson(std::string_view text);

} // namespace bootferry
