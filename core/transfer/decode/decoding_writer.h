// SPDX-License-Identifier: LGPL-2.1-or-later
// Decodes compressed bytes into a BlockWriter. The head is decoded in the caller's thread, because the
// pipeline checks it before it requests the target. After start() a separate thread decodes and writes, while
// the caller receives, computes the digest and talks to the supervisor. A ring of buffers with a fixed size
// connects the two threads, so that a slow disk slows down the network and memory does not grow.
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
    // The writer is borrowed; between start() and finish() (or the destructor) only the thread may use it.
    // The destructor drops what has not been decoded yet.
    DecodingWriter(std::unique_ptr<Decoder> decoder, BlockWriter& writer);

    // The buffer for the next received bytes; never empty. Blocks while all buffers are full, and rethrows
    // exceptions of the thread. advance(0) marks the end of the input.
    [[nodiscard]] std::span<std::byte> space();
    void advance(std::size_t count);

    // Copies the last received bytes into the span. Returns false if they are no longer available.
    [[nodiscard]] bool copyLast(std::span<std::byte> into);

    // Before start(): decodes until the writer holds `wanted` bytes or the input has ended. Returns false if
    // that needs more input.
    [[nodiscard]] bool decodeHead(std::size_t wanted);
    void start();
    // After the last advance(): waits until everything is in the writer. Rethrows exceptions of the thread.
    void finish();

    [[nodiscard]] std::optional<std::uint64_t> declaredSize() const { return decoder_->declaredSize(); }
    // BlockWriter::written(), callable from any thread.
    [[nodiscard]] std::uint64_t written() const { return written_; }

private:
    static constexpr std::size_t bufferSize = std::size_t{256} << 10U;
    static constexpr std::size_t bufferCount = 8;

    struct Buffer {
        std::unique_ptr<std::byte[]> memory = std::make_unique_for_overwrite<std::byte[]>(bufferSize);
        std::size_t begin = 0; // decodeHead() consumed the bytes before it
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
    bool ended_ = false; // no more input; used by the caller's thread only

    std::mutex mutex_; // guards the rest
    std::condition_variable_any changed_;
    std::size_t handedOver_ = 0; // number of buffers passed to the thread
    std::size_t taken_ = 0;      // number of buffers the thread has decoded
    bool complete_ = false;      // the last buffer was handed over
    std::exception_ptr failure_;
    std::jthread thread_; // last: it is joined before the members it uses are destroyed
};

} // namespace bootferry
