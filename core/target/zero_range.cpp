// SPDX-License-Identifier: LGPL-2.1-or-later
// Written in pieces, so that a large range does not take as much memory.
#include "zero_range.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "errors.h"
#include "file_ranges.h"

namespace bootferry {

void zeroRange(const UniqueFd& fd, std::uint64_t begin, std::uint64_t size, const std::string& what) {
    constexpr std::uint64_t piece = std::uint64_t{1} << 20U;
    const std::vector<std::byte> zeros(std::min(piece, size));
    while (size > 0) {
        const auto next = std::min<std::uint64_t>(zeros.size(), size);
        writeAt(fd.get(), std::span(zeros).first(next), begin, what);
        begin += next;
        size -= next;
    }
}

} // namespace bootferry
