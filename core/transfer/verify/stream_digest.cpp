// SPDX-License-Identifier: LGPL-2.1-or-later
// pread(2) in pieces that fit a processor's own cache: mmap(2) was slower because of page faults.
#include "stream_digest.h"

#include <algorithm>
#include <cerrno>
#include <memory>

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include "errors.h"

namespace bootferry {
namespace {

constexpr std::size_t pieceSize = std::size_t{256} << 10U;
constexpr std::uint64_t longestBacklog = std::uint64_t{256} << 20U; // bytes

std::size_t readSome(int fd, std::span<std::byte> into, std::uint64_t position) {
    ssize_t count = 0;
    do {
        count = ::pread(fd, into.data(), into.size(), static_cast<off_t>(position));
    } while (count < 0 && errno == EINTR);
    if (count < 0) {
        throw Error(ErrorCode::Io, errno, fmt::format("reading the target back at byte {}", position));
    }
    if (count == 0) {
        throw Error(ErrorCode::Io,
                    fmt::format("the target was truncated by another process: cannot read it back at byte {}",
                                position));
    }
    return static_cast<std::size_t>(count);
}

} // namespace

void StreamDigest::update(std::span<const std::byte> bytes) {
    {
        std::unique_lock lock(mutex_);
        await(lock, 0);
    }
    digest_.update(bytes);
}

void StreamDigest::updateFromFile(int fd, std::uint64_t position, std::uint64_t count) {
    std::unique_lock lock(mutex_);
    const bool follows = fd == fd_ && position == end_;
    await(lock, follows ? longestBacklog : 0);
    if (!follows) {
        fd_ = fd;
        position_ = position;
    }
    end_ = position + count;
    if (!thread_.joinable()) {
        thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
    }
    lock.unlock();
    changed_.notify_all();
}

Checksum StreamDigest::finish() {
    {
        std::unique_lock lock(mutex_);
        await(lock, 0);
    }
    return digest_.finish();
}

void StreamDigest::reset() {
    thread_ = {};
    position_ = end_ = 0;
    failure_ = nullptr;
    digest_.reset();
}

void StreamDigest::await(std::unique_lock<std::mutex>& lock, std::uint64_t backlog) {
    changed_.wait(lock, [&] { return end_ - position_ <= backlog || failure_; });
    if (failure_) {
        std::rethrow_exception(failure_);
    }
}

void StreamDigest::run(const std::stop_token& stop) noexcept {
    try {
        readBack(stop);
    } catch (...) {
        const std::lock_guard lock(mutex_);
        failure_ = std::current_exception();
    }
    changed_.notify_all();
}

void StreamDigest::readBack(const std::stop_token& stop) {
    const auto buffer = std::make_unique_for_overwrite<std::byte[]>(pieceSize);
    std::unique_lock lock(mutex_);
    while (changed_.wait(lock, stop, [this] { return position_ < end_; }) && !stop.stop_requested()) {
        const std::span piece(buffer.get(), std::min<std::uint64_t>(pieceSize, end_ - position_));
        lock.unlock();
        const auto count = readSome(fd_, piece, position_);
        digest_.update(piece.first(count));
        lock.lock();
        position_ += count;
        changed_.notify_all();
    }
}

} // namespace bootferry
