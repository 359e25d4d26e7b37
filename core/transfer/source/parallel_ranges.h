// SPDX-License-Identifier: LGPL-2.1-or-later
// The rest of a resource, fetched over several connections at once and delivered in order. It is cut into
// segments; each connection is a thread that fetches one after the other, whichever comes next, into a buffer
// that holds a whole segment. So memory is what the buffers have, and no connection stands still because
// another one's bytes are wanted first, as long as there are more buffers than segments that are late.
//
// Every segment is opened with the validator of the first connection and must be one of a resource of the
// same size. A connection that is refused or breaks is done without: another one goes on with its segment
// where it stopped. Only the last one's failure, or one that no other connection can mend, is the failure of
// all.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "byte_source.h"
#include "errors.h"
#include "give_up_signal.h"

namespace bootferry {

struct SegmentBuffers {
    unsigned count = 0;   // no more connections than these
    std::size_t size = 0; // bytes, of each and of a segment
};

class ParallelRanges {
public:
    // rest: where they begin (behind the first byte), and the validator; size: of the resource. The transport
    // is used from several threads at a time. Nothing is fetched before use().
    ParallelRanges(Transport& transport, OpenRequest rest, std::uint64_t size, SegmentBuffers buffers);
    ParallelRanges(const ParallelRanges&) = delete;
    ParallelRanges& operator=(const ParallelRanges&) = delete;
    ~ParallelRanges(); // breaks off what is under way, and waits for the threads

    // So many connections from now on; those that are too many end after their segment.
    void use(unsigned connections);

    // As ByteSource::read(). Throws when the bytes before the failure have been delivered.
    [[nodiscard]] std::size_t read(std::span<std::byte> into);

private:
    struct Buffer {
        std::unique_ptr<std::byte[]> memory; // NOLINT(modernize-avoid-c-arrays)
        std::size_t filled = 0;
    };

    void fetchSegments(); // a thread's life
    [[nodiscard]] std::optional<std::uint64_t> takeSegment();
    [[nodiscard]] bool mayLeave() const;
    [[nodiscard]] bool hasRoom() const;
    void fetch(std::uint64_t segment);
    void leaveSegment(std::uint64_t segment, const Error& failure);
    [[nodiscard]] Buffer& bufferOf(std::uint64_t segment) { return buffers_[segment % buffers_.size()]; }
    [[nodiscard]] std::uint64_t beginOf(std::uint64_t segment) const;
    [[nodiscard]] std::size_t lengthOf(std::uint64_t segment) const;

    Transport& transport_;
    OpenRequest rest_;
    std::uint64_t size_;
    std::size_t segmentSize_;
    std::uint64_t segmentCount_;
    GiveUpSignal stop_; // readable when the request's own is, and for good once the threads are to end

    std::mutex mutex_; // guards all below but the threads, and the bytes that a buffer is said to hold
    std::condition_variable arrived_;
    std::condition_variable room_;
    std::vector<Buffer> buffers_;
    std::vector<std::uint64_t> abandoned_; // begun by a connection that is no more
    std::uint64_t next_ = 0;               // no connection has begun it
    std::uint64_t head_ = 0;               // being delivered
    std::size_t delivered_ = 0;            // of it
    unsigned running_ = 0;
    unsigned wanted_ = 0;
    bool stopping_ = false;
    std::optional<Error> failure_;

    std::vector<std::thread> threads_;
};

} // namespace bootferry
