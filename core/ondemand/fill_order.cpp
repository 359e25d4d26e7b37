// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fill_order.h"

#include <algorithm>
#include <utility>

namespace bootferry {
namespace {

using std::chrono::microseconds;

[[nodiscard]] std::uint64_t piecesFor(std::uint64_t bytes) {
    return std::max<std::uint64_t>(1, bytes / PieceMap::pieceSize);
}

// The row of missing pieces that begins with the first one in `wanted`, at most `most` of them.
[[nodiscard]] std::optional<PieceRun> missingIn(const PieceMap& map, const PieceRun& wanted,
                                                std::uint64_t most) {
    const auto first = map.firstMissing(wanted.first, wanted.end());
    if (!first) {
        return std::nullopt;
    }
    return PieceRun{.first = *first, .count = map.missingFrom(*first, std::min(most, wanted.end() - *first))};
}

} // namespace

void FillOrder::setProfile(std::vector<Extent> extents) {
    profile_ = std::move(extents);
    profile_.resize(std::min(profile_.size(), mostExtents));
    profile_.shrink_to_fit();
    profileDone_ = 0;
}

std::uint64_t FillOrder::runLength(const LineMeasure& line) {
    const auto time = std::clamp<microseconds>(4 * std::min<microseconds>(line.opening, longestRunTime),
                                               runTime, longestRunTime);
    const auto rate = std::min(line.bytesPerSecond, std::uint64_t{1} << 40U);
    const auto bytes = rate / 1000 * static_cast<std::uint64_t>(time.count() / 1000);
    return std::clamp(bytes, shortestRun, longestRun);
}

void FillOrder::read(const Extent& bytes, const LineMeasure& line) {
    pattern_.note(bytes, runLength(line));
}

std::optional<FillTask> FillOrder::next(const PieceMap& map, const FillMoment& moment) {
    if (moment.kind != SessionKind::Fill) {
        if (const auto run = forReads(map, moment)) {
            return FillTask{.run = *run, .reason = FillReason::Read};
        }
        if (const auto run = ahead(map)) {
            return FillTask{.run = *run, .reason = FillReason::ReadAhead};
        }
    }
    const bool mustStayFree = sessions_ > 1 && moment.busy + 1 >= sessions_;
    if (moment.kind == SessionKind::Reads || (moment.kind == SessionKind::Any && mustStayFree)) {
        return std::nullopt;
    }
    return forFill(map, moment);
}

std::optional<FillTask> FillOrder::forFill(const PieceMap& map, const FillMoment& moment) {
    const auto most = piecesFor(runLength(moment.line));
    const bool readsWait = !moment.waiting.empty();
    if (!readsWait || 2 * (moment.busyWithProfile + 1) <= sessions_) {
        if (const auto run = ofProfile(map, most)) {
            return FillTask{.run = *run, .reason = FillReason::Profile};
        }
    }
    // If nobody fetches for a read that waits, its session has failed: the fill may be all that still works.
    const bool isQuiet = (!readsWait || moment.busyWithReads == 0) && moment.sinceRead >= quietTime;
    if ((!isQuiet && moment.sinceRest < longestHold) || moment.busyWithRest >= mostWithRest) {
        return std::nullopt;
    }
    if (const auto run = ofRest(map, most)) {
        return FillTask{.run = *run, .reason = FillReason::Rest};
    }
    return std::nullopt;
}

std::optional<PieceRun> FillOrder::forReads(const PieceMap& map, const FillMoment& moment) const {
    const auto most = piecesFor(runLength(moment.line));
    for (const auto& read : moment.waiting) {
        const auto wanted = map.piecesOf(read);
        const auto first = map.firstMissing(wanted.first, wanted.end());
        if (!first) {
            continue;
        }
        const auto ahead = isGuided() ? 0 : pattern_.ahead(read);
        auto end = std::max(wanted.end(),
                            map.piecesOf({.offset = read.offset, .length = read.length + ahead}).end());
        // The waiting reads that adjoin, in any order: each may extend the run for the next one.
        for (bool extended = true; std::exchange(extended, false);) {
            for (const auto& other : moment.waiting) {
                const auto more = map.piecesOf(other);
                if (more.first >= *first && more.first <= end && more.end() > end) {
                    end = more.end();
                    extended = true;
                }
            }
        }
        return missingIn(map, {.first = *first, .count = end - *first}, most);
    }
    return std::nullopt;
}

std::optional<PieceRun> FillOrder::ahead(const PieceMap& map) const {
    if (isGuided()) {
        return std::nullopt;
    }
    for (const auto& stream : pattern_.streams()) {
        if (stream.window == 0) {
            continue;
        }
        const auto due = map.piecesOf({.offset = stream.end, .length = (stream.window + 1) / 2});
        const auto window = map.piecesOf({.offset = stream.end, .length = stream.window});
        if (const auto first = map.firstMissing(due.first, due.end())) {
            return missingIn(map, {.first = *first, .count = window.end() - *first}, window.count);
        }
    }
    return std::nullopt;
}

std::optional<PieceRun> FillOrder::ofProfile(const PieceMap& map, std::uint64_t most) {
    // An extent that was in flight may be missing again after a failure: then the reads or the rest get it.
    for (; profileDone_ < profile_.size(); ++profileDone_) {
        if (const auto run = missingIn(map, map.piecesOf(profile_[profileDone_]), most)) {
            return run;
        }
    }
    return std::nullopt;
}

std::optional<PieceRun> FillOrder::ofRest(const PieceMap& map, std::uint64_t most) {
    auto run = missingIn(map, {.first = restFrom_, .count = map.pieces() - restFrom_}, most);
    if (!run) {
        run = missingIn(map, {.first = 0, .count = restFrom_}, most);
    }
    if (run) {
        restFrom_ = run->end();
    }
    return run;
}

} // namespace bootferry
