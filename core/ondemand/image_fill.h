// SPDX-License-Identifier: LGPL-2.1-or-later
// An image that is filled and read at the same time: the map, the reads that wait, and the order of what is
// fetched, shared by the thread that serves and those of the sessions. FillOrder decides; this class keeps
// the state on which it decides, and wakes the threads that wait. A session that waits for work does so here.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "errors.h"
#include "fill_order.h"
#include "fill_target.h"
#include "handles.h"
#include "nbd_server.h"
#include "piece_map.h"
#include "read_record.h"

namespace bootferry {

class ImageFill : public ServedImage {
public:
    using Clock = std::chrono::steady_clock;

    // present: as of PieceMap; borrowed, like the target. sessions: as of FillOrder.
    ImageFill(FillTarget& target, std::span<std::uint64_t> present, unsigned sessions);

    void setProfile(std::vector<Extent> extents);
    // Notes each read; before the first one. Borrowed.
    void noteReadsIn(ReadRecord& record) { record_ = &record; }

    // For the thread that serves.
    [[nodiscard]] std::uint64_t servedSize() const override;
    [[nodiscard]] Availability request(std::uint64_t number, const Extent& bytes) override;
    [[nodiscard]] Availability availability(const Extent& bytes) override;
    void answered(std::uint64_t number) override;
    [[nodiscard]] std::span<const std::byte> bytes(std::uint64_t offset, std::size_t most) override;
    [[nodiscard]] int changeFd() const override { return changed_.get(); }
    void acknowledge() override;

    // For the sessions. take() waits; nullopt: the map is full, or stop() was called. Each task ends with
    // ended(): pieces that have not arrived are missing again.
    [[nodiscard]] std::optional<FillTask> take(SessionKind kind = SessionKind::Any);
    void arrived(std::uint64_t piece); // it is on the target
    void ended(const FillTask& task);
    // While reads wait, a session that fetches what none of them needs pauses before its next piece: what it
    // does not read stays with the server. Not longer than FillOrder::longestHold, nor while nobody fetches
    // for them.
    void pauseForReads(const FillTask& task, std::uint64_t nextPiece);
    void opened(Clock::duration time);
    void delivered(std::uint64_t bytes, Clock::duration time);
    // The missing pieces are lost, as far as is known; the next piece that arrives ends that.
    void lost();
    // Nothing can be written to the target any more: ends everything.
    void failed(const Error& why);

    // For the worker. False: stop() was called. Throws the reason of failed().
    [[nodiscard]] bool waitUntilFull();
    // The same; false as well when this time has passed.
    [[nodiscard]] bool waitUntilFull(Clock::duration atMost);
    void stop();
    // The target may have lost pieces that have no bit here: another process fetches them again. This one
    // ends. kept: as presentPieces(), without those of the head, which are in memory.
    void forgetAllBut(std::vector<std::uint64_t> kept);

    [[nodiscard]] std::uint64_t presentBytes() const;
    [[nodiscard]] std::vector<std::uint64_t> presentPieces() const; // a bit for each
    [[nodiscard]] Extent bytesOf(const PieceRun& run) const { return map_.bytesOf(run); }
    [[nodiscard]] bool isPresent(std::uint64_t piece) const;
    [[nodiscard]] bool isStopped() const;
    [[nodiscard]] std::size_t waitingReads() const;
    [[nodiscard]] unsigned busySessions() const;

private:
    struct WaitingRead {
        std::uint64_t number = 0;
        Extent bytes;
    };

    [[nodiscard]] Availability availabilityOf(const Extent& bytes) const;
    [[nodiscard]] FillMoment moment(SessionKind kind) const;
    [[nodiscard]] bool isAwaited(const PieceRun& run) const;
    void count(FillReason reason, bool begins);
    void notifyServer();

    FillTarget& target_;
    ReadRecord* record_ = nullptr; // used by the thread that serves
    UniqueFd changed_;             // an eventfd

    mutable std::mutex mutex_; // guards all below
    std::condition_variable work_;
    std::condition_variable full_;
    const std::span<const std::uint64_t> present_; // of map_
    PieceMap map_;
    FillOrder order_;
    std::vector<WaitingRead> waiting_;
    std::vector<Extent> waitingBytes_; // of waiting_, as FillOrder takes them
    LineMeasure line_;
    double deliveredBytes_ = 0; // of the last pieces, for line_
    double deliveredSeconds_ = 0;
    unsigned busy_ = 0;
    unsigned busyWithReads_ = 0;
    unsigned busyWithProfile_ = 0;
    unsigned busyWithRest_ = 0;
    Clock::time_point lastRead_; // when one last waited
    Clock::time_point lastRest_;
    bool readSeen_ = false;
    bool lost_ = false;
    std::optional<Error> failure_;
    bool stopped_ = false;
};

} // namespace bootferry
