// SPDX-License-Identifier: LGPL-2.1-or-later
#include "overlap_comparison.h"

#include <algorithm>
#include <vector>

#include <spdlog/fmt/fmt.h>

#include "continuation_proof.h"
#include "errors.h"
#include "quantities.h"

namespace bootferry {
namespace {

// Of those that an answer repeats, from a position in the overlap on.
bool areExpected(const Overlap& overlap, std::uint64_t position, std::span<const std::byte> bytes) {
    const auto known = overlap.delivered.subspan(std::min<std::uint64_t>(position, overlap.delivered.size()));
    const auto same = std::min(known.size(), bytes.size());
    const auto inRun = bytes.subspan(same);
    return std::equal(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(same), known.begin()) &&
           std::all_of(inRun.begin(), inRun.end(), [&overlap](auto byte) { return byte == overlap.runByte; });
}

bool isTelling(const Overlap& overlap) {
    return !areAllAlike(overlap.delivered) ||
           (overlap.run > 0 && !overlap.delivered.empty() && overlap.delivered.back() != overlap.runByte);
}

} // namespace

bool areAllAlike(std::span<const std::byte> bytes) {
    return std::all_of(bytes.begin(), bytes.end(), [&bytes](auto byte) { return byte == bytes.front(); });
}

void requireSameBytes(const Overlap& overlap, const std::function<std::size_t(std::span<std::byte>)>& read) {
    const auto length = overlap.delivered.size() + overlap.run;
    std::vector<std::byte> now(std::min(length, mostCompared));
    for (std::uint64_t position = 0; position < length;) {
        const auto left = length - position;
        const auto arrived = read(std::span(now).first(std::min<std::uint64_t>(now.size(), left)));
        if (arrived == 0 && overlap.size >= overlap.end) {
            throw Error(ErrorCode::Unreachable,
                        fmt::format("the answer ended {} before byte {}", formatSize(left), overlap.end));
        }
        if (arrived == 0) {
            throw Error(ErrorCode::Range, "the source changed: it is shorter now");
        }
        if (!areExpected(overlap, position, std::span(now).first(arrived))) {
            throw Error(ErrorCode::Range,
                        fmt::format("the source changed: the {} before byte {} are different now{}",
                                    formatSize(length), overlap.end,
                                    overlap.mustBeTelling ? ", or the server ignores the offset" : ""));
        }
        position += arrived;
    }
    if (overlap.mustBeTelling && !isTelling(overlap)) {
        throw Error(ErrorCode::Range,
                    fmt::format("the {} before byte {} are all alike, so that comparing them proves nothing",
                                formatSize(length), overlap.end));
    }
}

} // namespace bootferry
