// SPDX-License-Identifier: LGPL-2.1-or-later
// One lock and one condition for both directions are enough: each buffer takes the lock once per side, some
// thousand times for a large image.
#include "decoding_writer.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

namespace bootferry {
namespace {

constexpr auto noLimit = std::numeric_limits<std::size_t>::max();
constexpr auto keptOfHead = std::size_t{64} << 10U; // as much as a continuation compares

} // namespace

DecodingWriter::DecodingWriter(std::unique_ptr<Decoder> decoder, BlockWriter& writer)
    : decoder_(std::move(decoder)), writer_(writer) {}

std::span<std::byte> DecodingWriter::space() {
    if (filling().end == bufferSize) {
        handOver();
    }
    auto& buffer = filling();
    return {buffer.memory.get() + buffer.end, bufferSize - buffer.end};
}

void DecodingWriter::advance(std::size_t count) {
    filling().end += count;
    ended_ = count == 0;
}

// Needs no lock: the decoding thread only reads the buffers. The buffer before the current one is reused
// last.
bool DecodingWriter::copyLast(std::span<std::byte> into) {
    const auto take = [&into](const Buffer& buffer) {
        const auto count = std::min(buffer.end, into.size());
        std::memcpy(into.data() + into.size() - count, buffer.memory.get() + buffer.end - count, count);
        into = into.first(into.size() - count);
    };
    take(filling());
    if (handedOver_ > 0) {
        take(ring_[(handedOver_ - 1) % bufferCount]);
    }
    return into.empty();
}

bool DecodingWriter::decodeHead(std::size_t wanted) {
    auto& buffer = filling();
    decodeBuffer(buffer, wanted, ended_);
    if (buffer.content().empty() && buffer.end > bufferSize / 2) {
        std::memmove(buffer.memory.get(), buffer.memory.get() + buffer.end - keptOfHead, keptOfHead);
        buffer.begin = buffer.end = keptOfHead;
    }
    return ended_ || writer_.size() >= wanted;
}

void DecodingWriter::start() {
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void DecodingWriter::finish() {
    {
        const std::lock_guard lock(mutex_);
        complete_ = true;
        ++handedOver_;
    }
    changed_.notify_all();
    thread_.join();
    std::unique_lock lock(mutex_);
    rethrow(lock);
}

void DecodingWriter::handOver() {
    std::unique_lock lock(mutex_);
    ++handedOver_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return handedOver_ - taken_ < bufferCount || failure_; });
    rethrow(lock);
    filling().begin = filling().end = 0;
}

void DecodingWriter::rethrow(std::unique_lock<std::mutex>& lock) {
    if (auto failure = std::exchange(failure_, nullptr)) {
        lock.unlock();
        std::rethrow_exception(failure);
    }
}

void DecodingWriter::run(const std::stop_token& stop) noexcept {
    try {
        decodeAll(stop);
    } catch (...) {
        const std::lock_guard lock(mutex_);
        failure_ = std::current_exception();
    }
    changed_.notify_all();
}

void DecodingWriter::decodeAll(const std::stop_token& stop) {
    for (bool last = false; !last;) {
        std::unique_lock lock(mutex_);
        if (!changed_.wait(lock, stop, [this] { return taken_ < handedOver_; }) || stop.stop_requested()) {
            return;
        }
        auto& buffer = ring_[taken_ % bufferCount];
        last = complete_ && taken_ + 1 == handedOver_;
        lock.unlock();
        decodeBuffer(buffer, noLimit, last);
        lock.lock();
        ++taken_;
        changed_.notify_all();
    }
}

// When the output is full, the decoder may have more output without any further input.
void DecodingWriter::decodeBuffer(Buffer& buffer, std::size_t wanted, bool last) {
    bool more = true;
    while (more && writer_.size() < wanted) {
        const auto space = writer_.space();
        const auto step = decoder_->decode(buffer.content(), space, last);
        buffer.begin += step.consumed;
        if (step.produced > 0) {
            writer_.advance(step.produced);
            written_ = writer_.written();
        }
        const bool moved = step.consumed > 0 || step.produced > 0;
        more = last ? moved : moved && (!buffer.content().empty() || step.produced == space.size());
    }
}

} // namespace bootferry
