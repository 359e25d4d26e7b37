// SPDX-License-Identifier: LGPL-2.1-or-later
// The digest of a stream, of which some bytes pass through our memory and the others go from a socket into a
// file without coming by (splice_pipe.h). Those are read back from the file, where they lie in the page
// cache, on a thread of its own: receiving costs so little that it goes on meanwhile, and what the digest
// covers is what the file holds. It may lag behind, but not so far that the page cache has forgotten.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <span>
#include <stop_token>
#include <string>
#include <thread>

#include "digest.h"

namespace bootferry {

class StreamDigest {
public:
    // Throws Error(Unsupported) for an algorithm libcrypto does not know.
    explicit StreamDigest(const std::string& algorithm) : digest_(algorithm) {}

    // The next bytes of the stream: these; or so many at a position of a file, which is borrowed until
    // finish() or reset(). All calls throw what reading back has thrown, Error(Io).
    void update(std::span<const std::byte> bytes);
    void updateFromFile(int fd, std::uint64_t position, std::uint64_t count);

    [[nodiscard]] Checksum finish(); // waits for what was not read back yet; once; then reset()
    void reset();

private:
    void run(const std::stop_token& stop) noexcept;
    void readBack(const std::stop_token& stop);
    void await(std::unique_lock<std::mutex>& lock, std::uint64_t backlog);

    Digest digest_; // the thread's while there is something to be read back

    std::mutex mutex_; // guards the rest
    std::condition_variable_any changed_;
    int fd_ = -1; // with the next two: what is to be read back
    std::uint64_t position_ = 0;
    std::uint64_t end_ = 0;
    std::exception_ptr failure_;
    std::jthread thread_; // ends before what it uses goes
};

} // namespace bootferry
