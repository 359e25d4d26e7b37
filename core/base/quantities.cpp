// SPDX-License-Identifier: LGPL-2.1-or-later
// Sizes have one decimal from KiB on. Remaining times are rounded up, so that "0 s left" is not shown too
// early; elapsed times are rounded to the nearest unit.
#include "quantities.h"

#include <algorithm>
#include <array>

#include <spdlog/fmt/fmt.h>

#include "percent.h"

namespace bootferry {

std::string formatSize(std::uint64_t bytes) {
    constexpr std::array units{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    if (bytes < 1024) {
        return fmt::format("{} B", bytes);
    }
    auto value = static_cast<double>(bytes) / 1024;
    std::size_t unit = 0;
    while (value >= 1023.95 && unit + 1 < units.size()) {
        value /= 1024;
        ++unit;
    }
    return fmt::format("{:.1f} {}", value, units.at(unit));
}

std::pair<std::string, std::string> formatSizes(std::uint64_t one, std::uint64_t other) {
    auto texts = std::pair(formatSize(one), formatSize(other));
    if (one != other && texts.first == texts.second) {
        texts = {fmt::format("{} bytes", one), fmt::format("{} bytes", other)};
    }
    return texts;
}

std::string formatRate(std::uint64_t bytesPerSecond) {
    return formatSize(bytesPerSecond) + "/s";
}

std::string formatDuration(std::chrono::microseconds duration) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(duration).count();
    if (seconds < 60) {
        return fmt::format("{} s", seconds);
    }
    if (seconds < 3600) {
        return fmt::format("{} min {:02} s", seconds / 60, seconds % 60);
    }
    return fmt::format("{} h {:02} min", seconds / 3600, seconds % 3600 / 60);
}

std::string formatElapsed(std::chrono::microseconds duration) {
    using std::chrono::milliseconds;
    const auto rounded = std::max(std::chrono::round<milliseconds>(duration), milliseconds(1));
    if (rounded < std::chrono::seconds(1)) {
        return fmt::format("{} ms", rounded.count());
    }
    if (rounded < milliseconds(9950)) {
        return fmt::format("{:.1f} s", static_cast<double>(rounded.count()) / 1000);
    }
    return formatDuration(std::chrono::round<std::chrono::seconds>(duration));
}

std::string formatProgress(const ProgressNumbers& numbers) {
    std::string text;
    if (const auto percent = percentOf(numbers.bytes, numbers.total)) {
        text +=
            fmt::format("{:3} %  {} of {}", *percent, formatSize(numbers.bytes), formatSize(numbers.total));
    } else {
        text += formatSize(numbers.bytes);
    }
    if (numbers.bytesPerSecond != 0) {
        text += "  " + formatRate(numbers.bytesPerSecond);
    }
    if (numbers.remaining) {
        text += fmt::format("  {} left", formatDuration(*numbers.remaining));
    }
    return text;
}

} // namespace bootferry
