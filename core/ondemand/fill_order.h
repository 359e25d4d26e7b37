// SPDX-License-Identifier: LGPL-2.1-or-later
// Decides what a free session fetches next, so that the machine that already runs from the image waits as
// little as possible. Pure: no clock, no I/O; what has been measured is passed in.
//
// The first row that applies counts:
//
//   state                                            | fetched
//   -------------------------------------------------+---------------------------------------------------
//   the oldest waiting read with a missing piece     | that piece; on through the other waiting reads that
//                                                    | adjoin, and as far ahead as the pattern says, if
//                                                    | the profile does not say what comes next
//   a stream has less than half of its window ahead, | the rest of the window
//   and the profile names nothing that is missing    |
//   no session is kept free for reads                | nothing
//   the profile names a missing piece                | that extent, in large runs; while reads wait, by at
//                                                    | most half of the sessions: what it names is read soon
//   a session fetches for a read that waits, or one  | nothing: the line belongs to the reads
//     waited 250 ms ago; and the rest was fetched in |
//     the last 5 s                                   |
//   two sessions fetch the rest                      | nothing more: two keep a line full
//   otherwise                                        | the rest, in sequence, in large runs
//
// A run is as long as the line delivers in a quarter of a second, at least four times what a request costs
// before its first byte, and 64 KiB…8 MiB in any case: a run is not interrupted, and a read may have to wait
// for its last piece. A session that may only fetch for reads stops after the second row; one that may not
// begins with the fourth. With one session, there is none to keep free.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "piece_map.h"
#include "read_pattern.h"

namespace bootferry {

// As measured; what is 0 is not known yet.
struct LineMeasure {
    std::uint64_t bytesPerSecond = 0;    // of one session, while it delivers
    std::chrono::microseconds opening{}; // from a request to its first byte
};

enum class FillReason { Read, ReadAhead, Profile, Rest };

struct FillTask {
    PieceRun run;
    FillReason reason = FillReason::Rest;

    bool operator==(const FillTask&) const = default;
};

// What a session may fetch. One that keeps a stream open (FTP, SFTP) should not leave it for a read.
enum class SessionKind { Any, Reads, Fill };

struct FillMoment {
    SessionKind kind = SessionKind::Any; // of the session that is free
    std::span<const Extent> waiting;     // reads, the oldest first
    unsigned busy = 0;                   // sessions that fetch something
    unsigned busyWithReads = 0;          // read-ahead included
    unsigned busyWithProfile = 0;
    unsigned busyWithRest = 0;
    std::chrono::microseconds sinceRead = std::chrono::microseconds::max(); // since one waited; max: never
    std::chrono::microseconds sinceRest{}; // since the rest was fetched, or since the beginning
    LineMeasure line;
};

class FillOrder {
public:
    static constexpr std::uint64_t shortestRun = std::uint64_t{256} << 10U; // bytes, of profile and rest
    static constexpr std::uint64_t longestRun = std::uint64_t{8} << 20U;
    static constexpr std::chrono::milliseconds runTime{250};
    static constexpr std::chrono::milliseconds longestRunTime{2000};
    static constexpr std::chrono::milliseconds quietTime{250};
    static constexpr std::chrono::seconds longestHold{5};
    static constexpr unsigned mostWithRest = 2;
    static constexpr std::size_t mostExtents = 65536; // of a profile: 1 MiB of memory

    // sessions: how many there are, at least one.
    explicit FillOrder(unsigned sessions) : sessions_(sessions) {}

    // What an earlier boot has read, in this order: only a hint. Extents beyond the image name nothing; those
    // beyond mostExtents are ignored.
    void setProfile(std::vector<Extent> extents);

    // A read has arrived, whether its bytes are there or not.
    void read(const Extent& bytes, const LineMeasure& line);

    // nullopt: nothing now. The run is missing in the map, and not empty.
    [[nodiscard]] std::optional<FillTask> next(const PieceMap& map, const FillMoment& moment);

    // The bytes of a run of the profile or the rest on such a line.
    [[nodiscard]] static std::uint64_t runLength(const LineMeasure& line);

private:
    // A profile says what is read next, better than the pattern does.
    [[nodiscard]] bool isGuided() const { return profileDone_ < profile_.size(); }
    [[nodiscard]] std::optional<PieceRun> forReads(const PieceMap& map, const FillMoment& moment) const;
    [[nodiscard]] std::optional<PieceRun> ahead(const PieceMap& map) const;
    [[nodiscard]] std::optional<FillTask> forFill(const PieceMap& map, const FillMoment& moment);
    [[nodiscard]] std::optional<PieceRun> ofProfile(const PieceMap& map, std::uint64_t most);
    [[nodiscard]] std::optional<PieceRun> ofRest(const PieceMap& map, std::uint64_t most);

    unsigned sessions_;
    ReadPattern pattern_;
    std::vector<Extent> profile_;
    std::size_t profileDone_ = 0; // extents whose pieces are all there or in flight
    std::uint64_t restFrom_ = 0;  // the piece behind the last run of the rest
};

} // namespace bootferry
