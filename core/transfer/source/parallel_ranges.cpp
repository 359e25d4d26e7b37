// SPDX-License-Identifier: LGPL-2.1-or-later
// One lock is enough: it is taken once for each piece that arrives, some hundred times per second. Bytes are
// copied without the lock, since a connection does not touch the first `filled` bytes of its buffer any more.
#include "parallel_ranges.h"

#include <algorithm>
#include <cstring>
#include <system_error>
#include <utility>

#include <spdlog/fmt/fmt.h>

#include "log.h"
#include "origins.h"
#include "overlap_comparison.h"

namespace bootferry {

ParallelRanges::ParallelRanges(Transport& transport, OpenRequest rest, const SourceInfo& whole,
                               SegmentBuffers buffers)
    : transport_(transport), rest_(std::move(rest)), size_(whole.size.value_or(0)), location_(whole.location),
      segmentSize_(buffers.size), segmentCount_((size_ - rest_.offset + buffers.size - 1) / buffers.size),
      stop_(rest_.cancelFd, std::chrono::microseconds(0)), buffers_(buffers.count) {
    for (auto& buffer : buffers_) {
        buffer.memory =
            std::make_unique_for_overwrite<std::byte[]>(segmentSize_); // NOLINT(modernize-avoid-c-arrays)
    }
    abandoned_.reserve(buffers_.size());
}

ParallelRanges::~ParallelRanges() {
    stop_.startClock(); // with zero patience: it expires at once
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    room_.notify_all();
    for (auto& thread : threads_) {
        thread.join();
    }
}

void ParallelRanges::use(unsigned connections) {
    const std::lock_guard lock(mutex_);
    wanted_ = std::min(connections, static_cast<unsigned>(buffers_.size()));
    room_.notify_all();
    try {
        while (running_ < wanted_) {
            threads_.emplace_back([this] { fetchSegments(); });
            ++running_;
        }
    } catch (const std::system_error& error) {
        if (running_ == 0) {
            failure_ = Error(ErrorCode::Io, error.code().value(), "starting a thread");
        }
    }
}

std::size_t ParallelRanges::read(std::span<std::byte> into) {
    std::unique_lock lock(mutex_);
    if (head_ == segmentCount_) {
        return 0;
    }
    auto& buffer = bufferOf(head_);
    arrived_.wait(lock, [&] { return buffer.filled > delivered_ || failure_; });
    if (buffer.filled == delivered_) {
        throw *failure_;
    }
    const auto first = delivered_;
    const auto count = std::min(into.size(), buffer.filled - first);
    delivered_ += count;
    lock.unlock();
    std::memcpy(into.data(), buffer.memory.get() + first, count);
    lock.lock();
    if (delivered_ == lengthOf(head_)) {
        buffer.filled = delivered_ = 0;
        ++head_;
        room_.notify_one();
    }
    return count;
}

bool ParallelRanges::lastBytesMayBeWrong() {
    const std::lock_guard lock(mutex_);
    return head_ < segmentCount_ && delivered_ > 0 && bufferOf(head_).maybeWrong;
}

void ParallelRanges::fetchSegments() {
    while (const auto segment = takeSegment()) {
        try {
            fetch(*segment);
        } catch (const Error& failure) {
            abandonSegment(*segment, failure);
            return;
        } catch (const std::exception& failure) {
            abandonSegment(*segment, Error(ErrorCode::Io, failure.what()));
            return;
        }
    }
}

std::optional<std::uint64_t> ParallelRanges::takeSegment() {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [this] { return mustEnd() || !abandoned_.empty() || hasRoom(); });
    if (mustEnd()) {
        --running_;
        return std::nullopt;
    }
    if (abandoned_.empty()) {
        return next_++;
    }
    // The abandoned segment that is needed first.
    const auto first = std::min_element(abandoned_.begin(), abandoned_.end());
    const auto segment = *first;
    abandoned_.erase(first);
    return segment;
}

bool ParallelRanges::mustEnd() const {
    const bool nothingLeft = next_ == segmentCount_ && abandoned_.empty();
    return stopping_ || failure_ || running_ > wanted_ || nothingLeft;
}

bool ParallelRanges::hasRoom() const {
    return next_ < segmentCount_ && next_ < head_ + buffers_.size();
}

void ParallelRanges::fetch(std::uint64_t segment) {
    auto& buffer = bufferOf(segment);
    const auto length = lengthOf(segment);
    auto filled = buffer.filled; // not 0 if another connection has abandoned the segment
    const auto overlap =
        buffer.maybeWrong ? std::min<std::size_t>(filled, Origins::comparedBytes) : std::size_t{0};
    const auto source = open(segment, filled - overlap);
    if (overlap > 0) {
        try {
            requireSameBytes({.delivered = {buffer.memory.get() + (filled - overlap), overlap},
                              .end = beginOf(segment) + filled,
                              .size = size_},
                             [&source](std::span<std::byte> into) { return source->read(into); });
        } catch (const Error& mismatch) {
            if (mismatch.code() != ErrorCode::Range) {
                throw;
            }
            return fetchAnew(segment);
        }
    }
    {
        const std::lock_guard lock(mutex_);
        buffer.maybeWrong = false;
    }
    while (filled < length) {
        const auto count = source->read({buffer.memory.get() + filled, length - filled});
        if (count == 0) {
            throw Error(ErrorCode::Unreachable,
                        fmt::format("a part of the source ended after {} of {} bytes", filled, length));
        }
        filled += count;
        {
            const std::lock_guard lock(mutex_);
            buffer.filled = filled;
        }
        arrived_.notify_one();
    }
}

// After a part whose last bytes were wrong. If some of its bytes were delivered, it is not known whether
// these are wrong too, so that the reader must compare them.
void ParallelRanges::fetchAnew(std::uint64_t segment) {
    std::string wrong;
    {
        const std::lock_guard lock(mutex_);
        auto& buffer = bufferOf(segment);
        wrong = fmt::format("a lost connection had sent wrong bytes before byte {}",
                            beginOf(segment) + buffer.filled);
        buffer.filled = segment == head_ ? delivered_ : 0;
        if (buffer.filled > 0) {
            failure_ = failure_.value_or(Error(ErrorCode::Protocol, wrong));
            throw Error(ErrorCode::Protocol, wrong);
        }
        buffer.maybeWrong = false;
    }
    logInfo(wrong + ": fetching the part again");
    fetch(segment);
}

std::unique_ptr<ByteSource> ParallelRanges::open(std::uint64_t segment, std::size_t first) {
    auto request = rest_;
    request.offset = beginOf(segment) + first;
    request.length = lengthOf(segment) - first;
    request.cancelFd = stop_.fd();
    auto source = transport_.open(request);
    requireSameVersion(source->info());
    return source;
}

// Parts are too small for comparing bytes, so the answer for each part must contain the validator.
void ParallelRanges::requireSameVersion(const SourceInfo& now) const {
    if (now.size != size_) {
        throw Error(ErrorCode::Range, "the source changed: its size is different now");
    }
    if (now.validator.empty()) {
        throw Error(ErrorCode::Range, "the server sends partial content without a validator");
    }
    if (now.location != location_) { // a validator is that of one server
        throw Error(ErrorCode::Range, "the server redirects to different places");
    }
}

void ParallelRanges::abandonSegment(std::uint64_t segment, const Error& failure) {
    const std::lock_guard lock(mutex_);
    --running_;
    auto& buffer = bufferOf(segment);
    buffer.maybeWrong = buffer.filled > 0 && (buffer.maybeWrong || failure.code() != ErrorCode::Timeout);
    if (isTransient(failure.code()) && running_ > 0) {
        logInfo(fmt::format("lost a connection, {} left: {}", running_, failure.what()));
        abandoned_.push_back(segment);
    } else if (!failure_) {
        failure_ = failure;
    }
    room_.notify_all();
    arrived_.notify_one();
}

std::uint64_t ParallelRanges::beginOf(std::uint64_t segment) const {
    return rest_.offset + segment * segmentSize_;
}

std::size_t ParallelRanges::lengthOf(std::uint64_t segment) const {
    return static_cast<std::size_t>(std::min<std::uint64_t>(segmentSize_, size_ - beginOf(segment)));
}

} // namespace bootferry
