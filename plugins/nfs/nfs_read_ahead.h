// SPDX-License-Identifier: LGPL-2.1-or-later
// The reads that are in flight: parts of the file that are requested before they are needed, so that the
// connection is never idle. They form a ring and are delivered in order. libnfs fills them from a callback,
// also from within nfs_destroy_context(): the context must end before this.
#ifndef NFS_READ_AHEAD_H
#define NFS_READ_AHEAD_H

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include <nfsc/libnfs.h>

namespace nfs {

class ReadAhead {
public:
    // A part of the file that has been requested. Part N is at N % parts_.size().
    struct Part {
        std::vector<char> bytes;
        std::uint64_t offset = 0;
        std::size_t length = 0;
        std::size_t arrived = 0;
        int status = 1; // of the last answer: bytes, 0 at the end of the file, or negative
        bool waiting = false;
    };

    // Once: from `offset` to `end`, in at most `reads` requests at a time of at most `readSize` bytes each.
    void begin(std::uint64_t offset, std::uint64_t end, std::uint64_t readSize, std::uint64_t reads) {
        position_ = requestedTo_ = offset;
        end_ = end;
        readSize_ = readSize;
        parts_.resize(static_cast<std::size_t>(reads));
    }

    [[nodiscard]] std::uint64_t position() const { return position_; } // of the next byte that take() copies
    [[nodiscard]] bool isAtEnd() const { return position_ == end_; }
    // Whether the next `count` bytes are the last ones.
    [[nodiscard]] bool endsWith(std::size_t count) const { return position_ + count == end_; }
    // Whether all that was requested has been delivered: there is no current part.
    [[nodiscard]] bool isEmpty() const { return delivering_ == requested_; }
    [[nodiscard]] const Part& current() { return part(delivering_); }
    // The bytes of the current part that have arrived, and were not delivered yet.
    [[nodiscard]] std::size_t ready() {
        return current().arrived - static_cast<std::size_t>(position_ - current().offset);
    }

    // Requests parts until the ring is full, or the end is reached. False if libnfs cannot queue a request.
    [[nodiscard]] bool requestParts(nfs_context* context, nfsfh* file) {
        while (requestedTo_ < end_ && requested_ - delivering_ < parts_.size()) {
            auto& next = part(requested_);
            next.bytes.resize(static_cast<std::size_t>(readSize_)); // once
            next.offset = requestedTo_;
            next.length = static_cast<std::size_t>(std::min(readSize_, end_ - requestedTo_));
            next.arrived = 0;
            next.status = 1;
            if (!request(next, context, file)) {
                return false;
            }
            requestedTo_ += next.length;
            ++requested_;
        }
        return true;
    }

    // Requests what the server left out of the current part.
    [[nodiscard]] bool requestRest(nfs_context* context, nfsfh* file) {
        return request(part(delivering_), context, file);
    }

    // Copies the next bytes, at most ready().
    void take(void* buffer, std::size_t count) {
        const auto& from = current();
        const auto delivered = static_cast<std::size_t>(position_ - from.offset);
        std::memcpy(buffer, from.bytes.data() + delivered, count);
        position_ += count;
        if (delivered + count == from.length) {
            ++delivering_;
        }
    }

private:
    // What libnfs calls; nothing here may throw.
    static void arrived(int status, nfs_context*, void* data, void* part) noexcept {
        auto& self = *static_cast<Part*>(part);
        self.waiting = false;
        self.status = status;
        if (status > 0) {
            const auto count = std::min(static_cast<std::size_t>(status), self.length - self.arrived);
            std::memcpy(self.bytes.data() + self.arrived, data, count);
            self.arrived += count;
        }
    }

    static bool request(Part& part, nfs_context* context, nfsfh* file) {
        part.waiting = true;
        if (nfs_pread_async(context, file, part.offset + part.arrived, part.length - part.arrived, &arrived,
                            &part) < 0) {
            part.waiting = false;
            return false;
        }
        return true;
    }

    [[nodiscard]] Part& part(std::uint64_t number) { return parts_[number % parts_.size()]; }

    std::uint64_t position_ = 0;
    std::uint64_t end_ = 0;         // behind the last byte
    std::uint64_t readSize_ = 0;    // of a request
    std::uint64_t requestedTo_ = 0; // behind the last byte that was requested
    std::uint64_t delivering_ = 0;  // number of the part at position_
    std::uint64_t requested_ = 0;   // number of the next part
    std::vector<Part> parts_;
};

} // namespace nfs

#endif
