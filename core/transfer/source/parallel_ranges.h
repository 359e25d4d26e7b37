// SPDX-License-Identifier: LGPL-2.1-or-later
// Fetches the rest of a resource over several connections at once, and delivers it in order. The rest is
// divided into segments. Each connection is a thread that repeatedly takes the next segment and fetches it
// into a buffer of a whole segment. Thus memory is limited, and a slow segment does not stop the other
// connections until the buffers are used up.
//
// Every segment is opened with the validator of the first connection; the answer must contain the same
// validator and size, and come from where the first connection was redirected to. A lost connection is not
// replaced; the others take over its segment where it stopped. The last bytes of a lost connection may be
// wrong (the text of an error in place of the rest), so they are fetched again and compared. Reading fails
// only when the last connection fails, when an error is permanent, or when wrong bytes were delivered.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "byte_source.h"
#include "errors.h"
#include "give_up_signal.h"

namespace bootferry {

struct SegmentBuffers {
    unsigned count = 0;   // also the maximum number of connections
    std::size_t size = 0; // bytes, of each buffer and each segment
};

class ParallelRanges {
public:
    // rest: the offset to begin at (not 0), and the validator; whole: what the first connection has shown,
    // with a size. The transport is used from several threads at a time. Nothing is fetched before use().
    ParallelRanges(Transport& transport, OpenRequest rest, const SourceInfo& whole, SegmentBuffers buffers);
    ParallelRanges(const ParallelRanges&) = delete;
    ParallelRanges& operator=(const ParallelRanges&) = delete;
    ~ParallelRanges(); // cancels all connections and waits for their threads

    // Sets the number of connections; surplus ones end after their current segment.
    void use(unsigned connections);

    // As ByteSource::read(). Throws only after all bytes before the failure have been delivered.
    [[nodiscard]] std::size_t read(std::span<std::byte> into);

    // True if the last bytes that were read came from a connection that was lost, and no other one has sent
    // them again.
    [[nodiscard]] bool lastBytesMayBeWrong();

private:
    struct Buffer {
        std::unique_ptr<std::byte[]> memory; // NOLINT(modernize-avoid-c-arrays)
        std::size_t filled = 0;
        bool maybeWrong = false; // the last of the filled bytes
    };

    void fetchSegments(); // the body of a connection's thread
    [[nodiscard]] std::optional<std::uint64_t> takeSegment();
    [[nodiscard]] bool mustEnd() const; // the calling thread
    [[nodiscard]] bool hasRoom() const;
    void fetch(std::uint64_t segment);
    void fetchAnew(std::uint64_t segment);
    [[nodiscard]] std::unique_ptr<ByteSource> open(std::uint64_t segment, std::size_t first);
    void requireSameVersion(const SourceInfo& now) const;
    void abandonSegment(std::uint64_t segment, const Error& failure);
    [[nodiscard]] Buffer& bufferOf(std::uint64_t segment) { return buffers_[segment % buffers_.size()]; }
    [[nodiscard]] std::uint64_t beginOf(std::uint64_t segment) const;
    [[nodiscard]] std::size_t lengthOf(std::uint64_t segment) const;

    Transport& transport_;
    OpenRequest rest_;
    std::uint64_t size_;
    std::string location_;
    std::size_t segmentSize_;
    std::uint64_t segmentCount_;
    GiveUpSignal stop_; // cancels all connections: with the request, or from the destructor

    std::mutex mutex_; // guards everything below except threads_ and the content of the buffers
    std::condition_variable arrived_;
    std::condition_variable room_;
    std::vector<Buffer> buffers_;
    std::vector<std::uint64_t> abandoned_; // segments of lost connections
    std::uint64_t next_ = 0;               // the first segment that no connection has taken
    std::uint64_t head_ = 0;               // the segment being delivered
    std::size_t delivered_ = 0;            // bytes of head_, those included that read() is copying
    unsigned running_ = 0;
    unsigned wanted_ = 0;
    bool stopping_ = false;
    std::optional<Error> failure_;

    std::vector<std::thread> threads_;
};

} // namespace bootferry
