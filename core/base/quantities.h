// SPDX-License-Identifier: LGPL-2.1-or-later
// Formats numbers for people: sizes in binary units ("3.4 GiB"), rates, durations ("2 min 05 s"),
// percentages. The console, the splash screen, the journal and error messages all use this one format.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace bootferry {

// A size that is not known yet, with the same value on D-Bus (BytesTotal) and in the plugin ABI.
inline constexpr std::uint64_t unknownSize = UINT64_MAX;

[[nodiscard]] std::string formatSize(std::uint64_t bytes); // "731 B", "64.0 KiB", "3.4 GiB"
// Two sizes to compare: in bytes if they differ and would look the same.
[[nodiscard]] std::pair<std::string, std::string> formatSizes(std::uint64_t one, std::uint64_t other);
[[nodiscard]] std::string formatRate(std::uint64_t bytesPerSecond); // "11.2 MiB/s"
[[nodiscard]] std::string
formatDuration(std::chrono::microseconds duration); // "8 s", "2 min 05 s", "1 h 02 min"

// An elapsed time: "3 ms", "1.4 s", "12 s", "2 min 05 s". formatDuration() is for remaining times.
[[nodiscard]] std::string formatElapsed(std::chrono::microseconds duration);

// "45 %  141.2 MiB of 312.0 MiB  11.2 MiB/s  15 s left", without the parts that are not known.
struct ProgressNumbers {
    std::uint64_t bytes = 0;
    std::uint64_t total = unknownSize;
    std::uint64_t bytesPerSecond = 0; // 0: not known yet
    std::optional<std::chrono::microseconds> remaining;
};
[[nodiscard]] std::string formatProgress(const ProgressNumbers& numbers);

} // namespace bootferry
