// SPDX-License-Identifier: LGPL-2.1-or-later
#include "read_pattern.h"

#include <algorithm>

namespace bootferry {
namespace {

[[nodiscard]] bool continues(const ReadPattern::Stream& stream, const Extent& read) {
    return stream.used > 0 && read.offset + ReadPattern::nearby >= stream.end &&
           read.offset <= stream.end + ReadPattern::nearby;
}

} // namespace

void ReadPattern::note(const Extent& read, std::uint64_t mostAhead) {
    ++reads_;
    const auto known = std::find_if(streams_.begin(), streams_.end(),
                                    [&](const auto& stream) { return continues(stream, read); });
    if (known == streams_.end()) {
        const auto oldest =
            std::min_element(streams_.begin(), streams_.end(),
                             [](const auto& one, const auto& other) { return one.used < other.used; });
        *oldest = {.begin = read.offset, .end = read.end(), .window = 0, .used = reads_};
        return;
    }
    known->used = reads_;
    if (read.end() > known->end) { // not the same bytes again
        known->end = read.end();
        const auto soFar = std::max(known->end - known->begin, PieceMap::pieceSize);
        known->window = std::min({soFar, std::max(2 * known->window, PieceMap::pieceSize), mostAhead});
    }
}

std::uint64_t ReadPattern::ahead(const Extent& read) const {
    for (const auto& stream : streams_) {
        if (stream.used > 0 && read.offset >= stream.begin && read.end() <= stream.end &&
            read.end() + nearby >= stream.end) {
            return stream.window;
        }
    }
    return 0;
}

} // namespace bootferry
