// SPDX-License-Identifier: LGPL-2.1-or-later
// The way of compressed bytes into the BlockWriter. The head is decoded in the caller's thread, because what
// it holds decides whether there is a target at all; from start() on a thread of its own decodes and writes,
// so that the network, the digest and the supervisor are served meanwhile. Between the two is a ring of
// buffers, made once: a slow disk holds the network back, and nothing grows.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <span>
#include <stop_token>
#include <thread>

#include "block_writer.h"
#include "decoder.h"

namespace bootferry {

class DecodingWriter {
public:
    // The writer is borrowed; between start() and finish() (or the destructor) it is the thread's. What has
    // not been decoded when the destructor is called is not written.
    DecodingWriter(std::unique_ptr<Decoder> decoder, BlockWriter& writer);

    // Where the next received bytes go; never empty. Waits while all buffers are full, and throws what the
    // thread has thrown. advance(0) says that there are no more.
    [[nodiscard]] std::span<std::byte> space();
    void advance(std::size_t count);

    // Before start(): decodes until the writer holds so many bytes, or everything has been decoded. False:
    // more input is wanted for that.
    [[nodiscard]] bool decodeHead(std::size_t wanted);
    void start();
    // After the last advance(): waits until all of it is in the writer. Throws what the thread has thrown.
    void finish();

    [[nodiscard]] std::optional<std::uint64_t> declaredSize() const { return decoder_->declaredSize(); }
    [[nodiscard]] std::uint64_t written() const {
        return written_;
    } // BlockWriter::written(), from any thread

private:
    static constexpr std::size_t bufferSize = std::size_t{256} << 10U;
    static constexpr std::size_t bufferCount = 8;

    struct Buffer {
        std::unique_ptr<std::byte[]> memory = std::make_unique_for_overwrite<std::byte[]>(bufferSize);
        std::size_t begin = 0; // what was decoded with the head
        std::size_t end = 0;
        [[nodiscard]] std::span<const std::byte> content() const {
            return {memory.get() + begin, end - begin};
        }
    };

    void run(const std::stop_token& stop) noexcept;
    void decodeAll(const std::stop_token& stop);
    void decodeBuffer(Buffer& buffer, std::size_t wanted, bool last);
    void handOver();
    void rethrow(std::unique_lock<std::mutex>& lock);
    [[nodiscard]] Buffer& filling() { return ring_[handedOver_ % bufferCount]; }

    std::unique_ptr<Decoder> decoder_;
    BlockWriter& writer_;
    std::array<Buffer, bufferCount> ring_;
    std::atomic<std::uint64_t> written_ = 0;
    bool ended_ = false; // no more input; the caller's

    std::mutex mutex_; // guards the rest
    std::condition_variable_any changed_;
    std::size_t handedOver_ = 0; // buffers, by the caller
    std::size_t taken_ = 0;      // and done with, by the thread
    bool complete_ = false;      // the last buffer was handed over
    std::exception_ptr failure_;
    std::jthread thread_; // ends before what it uses goes
};

} // namespace bootferry
