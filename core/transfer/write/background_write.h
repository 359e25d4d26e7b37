// SPDX-License-Identifier: LGPL-2.1-or-later
// One write at a time, on a thread of its own: while the target takes a piece, the network brings the next
// one into another buffer. Two buffers and no queue, so that a slow target holds the network back after one
// piece, and no more than one write is ever unknown. The thread is made with the first write; a stream that
// is spliced needs none.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <span>
#include <stop_token>
#include <thread>
#include <utility>

namespace bootferry {

class BackgroundWrite {
public:
    using Write = std::function<void(std::span<const std::byte> bytes, std::uint64_t position)>;

    // The function is called in the thread, for one write after the other; what it throws, start() or wait()
    // throws in its stead, once.
    // The destructor waits for what was started.
    explicit BackgroundWrite(Write write) : write_(std::move(write)) {}

    // Waits for the write before, whose bytes are the caller's again, and begins this one. The bytes are
    // borrowed until the next start() or wait().
    void start(std::span<const std::byte> bytes, std::uint64_t position);
    void wait();

private:
    void run(const std::stop_token& stop);
    void awaitIdle(std::unique_lock<std::mutex>& lock);

    Write write_;
    std::mutex mutex_; // guards the rest
    std::condition_variable_any changed_;
    std::span<const std::byte> bytes_; // empty: nothing is to be written
    std::uint64_t position_ = 0;
    std::exception_ptr failure_;
    std::jthread thread_; // ends before what it uses goes
};

} // namespace bootferry
