// SPDX-License-Identifier: LGPL-2.1-or-later
// The digest of a stream whose bytes pass through our memory, or lie in a file already because an earlier
// fetch left them there. A separate thread reads the latter, through the page cache.
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
    // Throws Error(Unsupported) if libcrypto does not have the algorithm.
    explicit StreamDigest(const std::string& algorithm) : digest_(algorithm) {}

    // Adds the next bytes of the stream: from memory, or `count` bytes at a position of a file, which is
    // borrowed until finish() or reset(). All calls throw Error(Io) if reading back has failed.
    void update(std::span<const std::byte> bytes);
    void updateFromFile(int fd, std::uint64_t position, std::uint64_t count);

    [[nodiscard]] Checksum finish(); // waits for the thread; call reset() before the next use
    void reset();

private:
    void run(const std::stop_token& stop) noexcept;
    void readBack(const std::stop_token& stop);
    void await(std::unique_lock<std::mutex>& lock, std::uint64_t backlog);

    Digest digest_; // used by the thread while it has something to read back

    std::mutex mutex_; // guards the rest
    std::condition_variable_any changed_;
    int fd_ = -1; // the thread has to read back fd_ from position_ to end_
    std::uint64_t position_ = 0;
    std::uint64_t end_ = 0;
    std::exception_ptr failure_;
    std::jthread thread_; // last: it is joined before the members it uses are destroyed
};

} // namespace bootferry
