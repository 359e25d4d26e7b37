// SPDX-License-Identifier: LGPL-2.1-or-later
#include "overlap_comparison.h"

#include <algorithm>
#include <vector>

#include <spdlog/fmt/fmt.h>

#include "errors.h"
#include "quantities.h"

namespace bootferry {
namespace {

bool areAllAlike(std::span<const std::byte> bytes) {
    return std::all_of(bytes.begin(), bytes.end(), [&bytes](auto byte) { return byte == bytes.front(); });
}

} // namespace

void requireSameBytes(const Overlap& overlap, const std::function<std::size_t(std::span<std::byte>)>& read) {
    const auto size = formatSize(overlap.delivered.size());
    std::vector<std::byte> now(overlap.delivered.size());
    for (std::span rest(now); !rest.empty();) {
        const auto arrived = read(rest);
        if (arrived == 0 && overlap.size >= overlap.end) {
            throw Error(ErrorCode::Unreachable, fmt::format("the answer ended {} before byte {}",
                                                            formatSize(rest.size()), overlap.end));
        }
        if (arrived == 0) {
            throw Error(ErrorCode::Range, "the source changed: it is shorter now");
        }
        rest = rest.subspan(arrived);
    }
    if (!std::equal(now.begin(), now.end(), overlap.delivered.begin())) {
        throw Error(ErrorCode::Range,
                    fmt::format("the source changed: the {} before byte {} are different now{}", size,
                                overlap.end,
                                overlap.mustBeTelling ? ", or the server ignores the offset" : ""));
    }
    if (overlap.mustBeTelling && areAllAlike(now)) {
        throw Error(ErrorCode::Range,
                    fmt::format("the {} before byte {} are all alike, so that comparing them proves nothing",
                                size, overlap.end));
    }
}

} // namespace bootferry
