// SPDX-License-Identifier: LGPL-2.1-or-later
#include "telling_tail.h"

#include <algorithm>
#include <cstring>

namespace bootferry {
namespace {

// How many of the last bytes are equal. Long runs are those of whole buffers: they are compared at once.
std::size_t lengthOfRun(std::span<const std::byte> bytes) {
    const auto size = bytes.size();
    if (std::memcmp(bytes.data(), bytes.data() + 1, size - 1) == 0) {
        return size;
    }
    const auto other =
        std::find_if(bytes.rbegin(), bytes.rend(), [last = bytes.back()](auto byte) { return byte != last; });
    return static_cast<std::size_t>(other - bytes.rbegin());
}

} // namespace

void TellingTail::add(std::span<const std::byte> bytes) {
    if (bytes.empty()) {
        return;
    }
    const auto length = lengthOfRun(bytes);
    if (length == bytes.size() && run_ > 0 && byte_ == bytes.back()) {
        run_ += length;
        return;
    }
    const std::vector<std::byte> before(static_cast<std::size_t>(std::min<std::uint64_t>(run_, most)), byte_);
    append(before);
    append(bytes.first(bytes.size() - length));
    run_ = length;
    byte_ = bytes.back();
}

void TellingTail::forget() {
    before_.clear();
    run_ = 0;
}

void TellingTail::append(std::span<const std::byte> bytes) {
    const auto added = bytes.last(std::min(bytes.size(), most));
    const auto kept = std::min(before_.size(), most - added.size());
    before_.erase(before_.begin(), before_.end() - static_cast<std::ptrdiff_t>(kept));
    before_.insert(before_.end(), added.begin(), added.end());
}

} // namespace bootferry
