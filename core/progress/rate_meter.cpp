// SPDX-License-Identifier: LGPL-2.1-or-later
#include "rate_meter.h"

#include "quantities.h"

namespace bootferry {
namespace {

constexpr std::chrono::seconds window{5};
constexpr std::chrono::milliseconds spacing{250};
constexpr std::chrono::milliseconds soonest{500}; // a shorter measurement is too inaccurate

} // namespace

void RateMeter::add(Time now, std::uint64_t bytes) {
    if (!samples_.empty() && bytes < samples_.back().bytes) {
        samples_.clear();
    }
    // Replace the newest sample while it is too close to the one before.
    if (samples_.size() >= 2 && now - samples_[samples_.size() - 2].time < spacing) {
        samples_.back() = {now, bytes};
    } else {
        samples_.push_back({now, bytes});
    }
    while (samples_.size() > 2 && now - samples_[1].time >= window) {
        samples_.pop_front();
    }
}

std::uint64_t RateMeter::rate() const {
    if (samples_.size() < 2) {
        return 0;
    }
    const auto elapsed = samples_.back().time - samples_.front().time;
    if (elapsed < soonest) {
        return 0;
    }
    const auto bytes = static_cast<double>(samples_.back().bytes - samples_.front().bytes);
    return static_cast<std::uint64_t>(bytes / std::chrono::duration<double>(elapsed).count());
}

std::optional<std::chrono::microseconds> RateMeter::remaining(std::uint64_t total) const {
    const auto bytesPerSecond = rate();
    if (bytesPerSecond == 0 || total == unknownSize || samples_.back().bytes > total) {
        return std::nullopt;
    }
    const auto left =
        static_cast<double>(total - samples_.back().bytes) / static_cast<double>(bytesPerSecond);
    constexpr double longest = 1e9; // seconds; a larger estimate is useless
    if (left > longest) {
        return std::nullopt;
    }
    return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::duration<double>(left));
}

} // namespace bootferry
