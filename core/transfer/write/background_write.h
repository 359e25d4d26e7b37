// SPDX-License-Identifier: LGPL-2.1-or-later
// Writes one piece at a time on its own thread, so that the next piece can be received into another buffer
// meanwhile. There are two buffers and no queue: a slow target stops the network after one piece, and only
// the result of one write is ever outstanding. The first write creates the thread; spliced streams need none.
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

    // The thread calls the function for one write after the other. If it throws, the next start() or wait()
    // rethrows the exception, once. The destructor waits for the write in progress.
    explicit BackgroundWrite(Write write) : write_(std::move(write)) {}

    // Waits for the previous write, then starts this one. `bytes` must stay valid and unchanged until the
    // next start() or wait() returns.
    void start(std::span<const std::byte> bytes, std::uint64_t position);
    void wait();

private:
    void run(const std::stop_token& stop);
    void awaitIdle(std::unique_lock<std::mutex>& lock);

    Write write_;
    std::mutex mutex_; // guards the rest
    std::condition_variable_any changed_;
    std::span<const std::byte> bytes_; // empty: idle
    std::uint64_t position_ = 0;
    std::exception_ptr failure_;
    std::jthread thread_; // last: it is joined before the members it uses are destroyed
};

} // namespace bootferry
