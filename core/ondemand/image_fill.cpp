// SPDX-License-Identifier: LGPL-2.1-or-later
#include "image_fill.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <sys/eventfd.h>
#include <unistd.h>

#include "errors.h"
#include "fill_memory.h"

namespace bootferry {
namespace {

using std::chrono::microseconds;

// The quiet and the hold of FillOrder are times that pass without an event.
constexpr std::chrono::milliseconds look{50};

// A new measure counts for a quarter.
template <typename Value>
Value smoothed(Value before, Value now) {
    return before == Value{} ? now : (before * 3 + now) / 4;
}

} // namespace

ImageFill::ImageFill(FillTarget& target, std::span<std::uint64_t> present, unsigned sessions)
    : target_(target), changed_(checkErrno(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "creating an eventfd")),
      present_(present), map_(target.size(), present), order_(sessions), lastRest_(Clock::now()) {}

void ImageFill::setProfile(std::vector<Extent> extents) {
    const std::lock_guard lock(mutex_);
    order_.setProfile(std::move(extents));
}

std::uint64_t ImageFill::servedSize() const {
    return FillTarget::servedSize(target_.size());
}

Availability ImageFill::request(std::uint64_t number, const Extent& bytes) {
    if (record_ != nullptr) {
        record_->read(bytes);
    }
    const std::lock_guard lock(mutex_);
    order_.read(bytes, line_);
    const auto now = availabilityOf(bytes);
    if (now == Availability::Coming) {
        waiting_.push_back({.number = number, .bytes = bytes});
        waitingBytes_.push_back(bytes);
        lastRead_ = Clock::now();
        readSeen_ = true;
    }
    work_.notify_all(); // also for read-ahead
    return now;
}

Availability ImageFill::availability(const Extent& bytes) {
    const std::lock_guard lock(mutex_);
    return availabilityOf(bytes);
}

Availability ImageFill::availabilityOf(const Extent& bytes) const {
    if (map_.arePresent(map_.piecesOf(bytes))) {
        return Availability::Present;
    }
    return lost_ ? Availability::Lost : Availability::Coming;
}

void ImageFill::answered(std::uint64_t number) {
    const std::lock_guard lock(mutex_);
    const auto read = std::find_if(waiting_.begin(), waiting_.end(),
                                   [number](const auto& each) { return each.number == number; });
    if (read != waiting_.end()) {
        waitingBytes_.erase(waitingBytes_.begin() + (read - waiting_.begin()));
        waiting_.erase(read);
        lastRead_ = Clock::now();
        work_.notify_all();
    }
}

// Present pieces do not change, so that nothing has to be locked.
std::span<const std::byte> ImageFill::bytes(std::uint64_t offset, std::size_t most) {
    return target_.read(offset, most);
}

void ImageFill::acknowledge() {
    std::uint64_t count = 0;
    (void)!::read(changed_.get(), &count, sizeof count);
}

void ImageFill::notifyServer() {
    const std::uint64_t one = 1;
    (void)!::write(changed_.get(), &one, sizeof one);
}

FillMoment ImageFill::moment(SessionKind kind) const {
    const auto now = Clock::now();
    FillMoment moment{.kind = kind,
                      .waiting = waitingBytes_,
                      .busy = busy_,
                      .busyWithReads = busyWithReads_,
                      .busyWithProfile = busyWithProfile_,
                      .busyWithRest = busyWithRest_,
                      .line = line_};
    moment.sinceRest = std::chrono::duration_cast<microseconds>(now - lastRest_);
    if (readSeen_) {
        moment.sinceRead = std::chrono::duration_cast<microseconds>(now - lastRead_);
    }
    return moment;
}

std::optional<FillTask> ImageFill::take(SessionKind kind) {
    std::unique_lock lock(mutex_);
    for (;;) {
        if (stopped_ || map_.isFull()) {
            return std::nullopt;
        }
        if (const auto task = order_.next(map_, moment(kind))) {
            map_.begin(task->run);
            count(task->reason, true);
            return task;
        }
        work_.wait_for(lock, look);
    }
}

void ImageFill::count(FillReason reason, bool begins) {
    const auto change = [begins](unsigned& counter) { begins ? ++counter : --counter; };
    change(busy_);
    if (reason == FillReason::Profile) {
        change(busyWithProfile_);
    } else if (reason == FillReason::Rest) {
        change(busyWithRest_);
        lastRest_ = Clock::now();
    } else {
        change(busyWithReads_);
    }
}

void ImageFill::arrived(std::uint64_t piece) {
    const std::lock_guard lock(mutex_);
    map_.arrived(piece);
    lost_ = false;
    if (!waiting_.empty()) {
        notifyServer();
    }
    if (map_.isFull()) {
        full_.notify_all();
        work_.notify_all();
    }
}

void ImageFill::ended(const FillTask& task) {
    const std::lock_guard lock(mutex_);
    map_.abandon(task.run);
    count(task.reason, false);
    work_.notify_all();
}

bool ImageFill::isAwaited(const PieceRun& run) const {
    return std::any_of(waitingBytes_.begin(), waitingBytes_.end(), [&](const auto& read) {
        const auto pieces = map_.piecesOf(read);
        return pieces.first < run.end() && run.first < pieces.end();
    });
}

void ImageFill::pauseForReads(const FillTask& task, std::uint64_t nextPiece) {
    const PieceRun left{.first = nextPiece, .count = task.run.end() - nextPiece};
    std::unique_lock lock(mutex_);
    if (task.reason == FillReason::Rest && left.count > 0) {
        work_.wait_for(lock, FillOrder::longestHold, [&] {
            return stopped_ || waiting_.empty() || busyWithReads_ == 0 || isAwaited(left);
        });
    }
}

void ImageFill::opened(Clock::duration time) {
    const std::lock_guard lock(mutex_);
    line_.opening = smoothed(line_.opening, std::chrono::duration_cast<microseconds>(time));
}

// Bytes that had arrived before they were read cost no time. So sums are smoothed, not quotients: what was
// slow counts for as long as it took.
void ImageFill::delivered(std::uint64_t bytes, Clock::duration time) {
    constexpr double kept = 0.9;
    const std::lock_guard lock(mutex_);
    deliveredBytes_ = deliveredBytes_ * kept + static_cast<double>(bytes);
    deliveredSeconds_ = deliveredSeconds_ * kept + std::chrono::duration<double>(time).count();
    line_.bytesPerSecond = static_cast<std::uint64_t>(deliveredBytes_ / std::max(deliveredSeconds_, 1e-6));
}

void ImageFill::lost() {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(lost_, true)) {
        notifyServer();
    }
}

void ImageFill::failed(const Error& why) {
    const std::lock_guard lock(mutex_);
    failure_ = failure_.value_or(why);
    stopped_ = true;
    work_.notify_all();
    full_.notify_all();
}

bool ImageFill::waitUntilFull() {
    bool full = false;
    do {
        full = waitUntilFull(std::chrono::hours(1));
    } while (!full && !isStopped());
    return full;
}

bool ImageFill::waitUntilFull(Clock::duration atMost) {
    std::unique_lock lock(mutex_);
    (void)full_.wait_for(lock, atMost, [this] { return stopped_ || map_.isFull(); });
    if (failure_) {
        throw *failure_;
    }
    return map_.isFull();
}

void ImageFill::stop() {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    work_.notify_all();
    full_.notify_all();
}

std::uint64_t ImageFill::presentBytes() const {
    const std::lock_guard lock(mutex_);
    return map_.presentBytes();
}

std::vector<std::uint64_t> ImageFill::presentPieces() const {
    const std::lock_guard lock(mutex_);
    return {present_.begin(), present_.end()};
}

void ImageFill::forgetAllBut(std::vector<std::uint64_t> kept) {
    constexpr auto headPieces = FillMemory::headSize / PieceMap::pieceSize;
    static_assert(headPieces < 64);
    const std::lock_guard lock(mutex_);
    kept.resize(present_.size());
    kept.front() |= (std::uint64_t{1} << headPieces) - 1;
    map_.forgetAllBut(kept);
}

bool ImageFill::isPresent(std::uint64_t piece) const {
    const std::lock_guard lock(mutex_);
    return map_.isPresent(piece);
}

bool ImageFill::isStopped() const {
    const std::lock_guard lock(mutex_);
    return stopped_;
}

std::size_t ImageFill::waitingReads() const {
    const std::lock_guard lock(mutex_);
    return waiting_.size();
}

unsigned ImageFill::busySessions() const {
    const std::lock_guard lock(mutex_);
    return busy_;
}

} // namespace bootferry
