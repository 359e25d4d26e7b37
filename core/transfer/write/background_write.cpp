// SPDX-License-Identifier: LGPL-2.1-or-later
// bytes_ passes the turn: the caller sets it to start a write, the thread clears it when the write is done.
#include "background_write.h"

namespace bootferry {

void BackgroundWrite::start(std::span<const std::byte> bytes, std::uint64_t position) {
    std::unique_lock lock(mutex_);
    awaitIdle(lock);
    bytes_ = bytes;
    position_ = position;
    if (!thread_.joinable()) {
        thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
    }
    lock.unlock();
    changed_.notify_all();
}

void BackgroundWrite::wait() {
    std::unique_lock lock(mutex_);
    awaitIdle(lock);
}

void BackgroundWrite::awaitIdle(std::unique_lock<std::mutex>& lock) {
    changed_.wait(lock, [this] { return bytes_.empty(); });
    if (auto failure = std::exchange(failure_, nullptr)) {
        std::rethrow_exception(failure);
    }
}

void BackgroundWrite::run(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (changed_.wait(lock, stop, [this] { return !bytes_.empty(); })) {
        lock.unlock();
        std::exception_ptr failure;
        try {
            write_(bytes_, position_);
        } catch (...) {
            failure = std::current_exception();
        }
        lock.lock();
        failure_ = std::move(failure);
        bytes_ = {};
        changed_.notify_all();
    }
}

} // namespace bootferry
