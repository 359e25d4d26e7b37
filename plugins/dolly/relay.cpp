// SPDX-License-Identifier: LGPL-2.1-or-later
// One thread with one poll loop. The predecessor's control connection carries only the total. The nodes
// behind are handled in relay_children.cpp.
#include "relay.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "node_line.h"
#include "threads.h"

namespace bootferry::dolly {
using plugin::Failure;

Relay::Relay(const plugin::Host& host, const Settings& settings, Predecessor predecessor,
             std::vector<NodeLink> successors)
    : host_(host), settings_(settings),
      predecessor_(std::move(predecessor)), stripes_{.blockSize = settings.blockSize,
                                                     .connections = predecessor_.data.size()},
      ring_(settings.buffer) {
    for (auto& successor : successors) {
        children_.push_back({.link = std::move(successor)});
    }
    childrenDone_ = children_.empty();
    upward_ = composeNodeLine({.node = predecessor_.ownName(), .ready = true}, predecessor_.generation);
    thread_ = plugin::startThread([this] { run(); });
}

Relay::~Relay() {
    stop_ = true;
    threadWake_.raise();
    thread_.join();
}

std::string Relay::bytesOf(std::uint64_t bytes) {
    return std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes");
}

std::optional<std::uint64_t> Relay::total() const {
    const std::lock_guard lock(mutex_);
    return total_;
}

std::size_t Relay::read(std::span<std::byte> into, Waiter& waiter) {
    for (;;) {
        waiter.throwIfCancelled();
        readerWake_.lower();
        std::uint64_t first = 0;
        std::uint64_t end = 0;
        {
            const std::lock_guard lock(mutex_);
            first = consumed_;
            end = std::min<std::uint64_t>(received_, consumed_ + into.size());
            if (first == end && failure_) {
                throw *failure_;
            }
            if (first == end && complete()) {
                return 0;
            }
        }
        if (first < end) {
            const auto piece = ring_.piece(first, end);
            std::memcpy(into.data(), piece.data(), piece.size());
            const std::lock_guard lock(mutex_);
            consumed_ += piece.size();
            threadWake_.raise();
            waiter.stopAnnouncing();
            return piece.size();
        }
        (void)waiter.wait(readerWake_.fd(), POLLIN);
    }
}

void Relay::acknowledge(Waiter& waiter) {
    const auto until = Waiter::Clock::now() + settings_.ackTimeout;
    if (!children_.empty()) {
        waiter.announce("waiting for the nodes behind");
    }
    for (bool done = false; !done;) {
        readerWake_.lower();
        {
            const std::lock_guard lock(mutex_);
            if (childFailure_) {
                host_.log(BOOTFERRY_LOG_WARNING,
                          std::string("the image is not acknowledged to the server: ") +
                              childFailure_->what());
                return;
            }
            done = childrenDone_;
        }
        if (!done && !waiter.wait(readerWake_.fd(), POLLIN, until)) {
            host_.log(BOOTFERRY_LOG_WARNING,
                      "the image is not acknowledged to the server: the nodes behind are not done");
            return;
        }
    }
    const auto total = *this->total();
    const std::string octets(reinterpret_cast<const char*>(&total), sizeof total);
    if (::send(predecessor_.control.get(), octets.data(), octets.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(octets.size())) {
        host_.log(BOOTFERRY_LOG_WARNING,
                  predecessor_.peer.text() +
                      " closed the connection before the image was acknowledged to it");
        return;
    }
    // Unread octets would turn the close into a reset, which could discard the acknowledgement.
    char rest[256];
    while (::recv(predecessor_.control.get(), rest, sizeof rest, 0) > 0) {
    }
    (void)::shutdown(predecessor_.control.get(), SHUT_WR);
}

void Relay::run() noexcept {
    try {
        loop();
    } catch (const Failure& failure) {
        const std::lock_guard lock(mutex_);
        failure_ = failure;
    } catch (const std::exception&) {
        const std::lock_guard lock(mutex_);
        failure_ = Failure(BOOTFERRY_ERROR_IO, "out of memory");
    }
    {
        const std::lock_guard lock(mutex_);
        if (failure_ && !childFailure_) {
            childFailure_ = failure_;
        }
    }
    readerWake_.raise();
}

// Tries every socket after each poll: one that is not ready costs one system call (EAGAIN).
void Relay::loop() {
    while (!stop_) {
        auto fds = interests();
        if (::poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) {
            throw Failure(BOOTFERRY_ERROR_IO, "waiting for bytes", errno);
        }
        threadWake_.lower();
        // Backflow first: it may hold lines from before the server began to send.
        for (auto& child : children_) {
            takeBackflow(child);
        }
        sendUp();
        takeControl();
        takeData();
        for (auto& child : children_) {
            passTotal(child);
            passOn(child);
        }
        publishAcknowledgements();
        if (childrenDone_ && complete()) {
            return;
        }
    }
}

std::vector<pollfd> Relay::interests() {
    const std::lock_guard lock(mutex_);
    std::vector<pollfd> fds{{.fd = threadWake_.fd(), .events = POLLIN, .revents = 0}};
    if (!predecessorGone_ && !total_) {
        fds.push_back({.fd = predecessor_.control.get(), .events = POLLIN, .revents = 0});
    }
    if (!upward_.empty() && !predecessorGone_) {
        fds.push_back({.fd = predecessor_.control.get(), .events = POLLOUT, .revents = 0});
    }
    const bool room = received_ - slowest() < ring_.capacity();
    if (room && !complete()) {
        fds.push_back({.fd = predecessor_.data[stripes_.connectionAt(received_)].get(),
                       .events = POLLIN,
                       .revents = 0});
    }
    for (const auto& child : children_) {
        if (child.lost || child.acknowledged) {
            continue;
        }
        fds.push_back({.fd = child.link.control().get(), .events = POLLIN, .revents = 0});
        if (child.sent < received_) {
            fds.push_back({.fd = child.link.data(stripes_.connectionAt(child.sent)).get(),
                           .events = POLLOUT,
                           .revents = 0});
        }
    }
    return fds;
}

std::uint64_t Relay::slowest() const {
    auto position = consumed_;
    for (const auto& child : children_) {
        position = child.lost ? position : std::min(position, child.sent);
    }
    return position;
}

void Relay::takeControl() {
    while (!predecessorGone_ && !total_) {
        char octets[totalSize];
        const auto count = ::recv(predecessor_.control.get(), octets, totalSize - totalOctets_.size(), 0);
        if (count < 0 && wouldBlock()) {
            return;
        }
        if (count <= 0) {
            predecessorGone_ = true;
            throw Failure(BOOTFERRY_ERROR_UNREACHABLE,
                          predecessor_.peer.text() + " broke off after " + bytesOf(received_),
                          count < 0 ? errno : 0);
        }
        started_ = true;
        totalOctets_.append(octets, static_cast<std::size_t>(count));
        if (totalOctets_.size() == totalSize) {
            std::uint64_t total = 0;
            std::memcpy(&total, totalOctets_.data(), totalSize);
            takeTotal(total);
        }
    }
}

void Relay::takeTotal(std::uint64_t total) {
    if (total < received_) {
        throw Failure(BOOTFERRY_ERROR_PROTOCOL, predecessor_.peer.text() + " sent " + bytesOf(received_) +
                                                    " and announces " + bytesOf(total));
    }
    if (total > static_cast<std::uint64_t>(INT64_MAX)) {
        throw Failure(BOOTFERRY_ERROR_PROTOCOL,
                      predecessor_.peer.text() + " announces " + bytesOf(total) + ", which no image has");
    }
    if (total == received_) {
        refuseSurplus(total);
    }
    {
        const std::lock_guard lock(mutex_);
        total_ = total;
    }
    readerWake_.raise();
}

// Runs before the reader sees the end. Later surplus is not detected, but it is never delivered.
void Relay::refuseSurplus(std::uint64_t total) const {
    char octet = 0;
    const auto& socket = predecessor_.data[stripes_.connectionAt(total)];
    if (::recv(socket.get(), &octet, 1, MSG_PEEK) == 1) {
        throw Failure(BOOTFERRY_ERROR_PROTOCOL,
                      predecessor_.peer.text() + " sends more than the " + bytesOf(total) + " it announced");
    }
}

void Relay::takeData() {
    for (;;) {
        std::uint64_t end = 0;
        {
            const std::lock_guard lock(mutex_);
            end = std::min(slowest() + ring_.capacity(), stripes_.blockEnd(received_));
            end = total_ ? std::min(end, *total_) : end;
        }
        if (end == received_) {
            return;
        }
        const auto piece = ring_.piece(received_, end);
        const auto& socket = predecessor_.data[stripes_.connectionAt(received_)];
        const auto count = ::recv(socket.get(), piece.data(), piece.size(), 0);
        if (count < 0 && wouldBlock()) {
            return;
        }
        if (count <= 0) {
            // The server sends the total before it ends this connection, but on the control connection.
            takeControl();
            if (complete()) {
                return;
            }
            if (!total_ && count == 0) {
                pollfd control{.fd = predecessor_.control.get(), .events = POLLIN, .revents = 0};
                constexpr int patience = 5000;
                if (::poll(&control, 1, patience) > 0) {
                    takeControl();
                }
            }
            if (complete()) {
                return;
            }
            throw Failure(BOOTFERRY_ERROR_UNREACHABLE,
                          predecessor_.peer.text() + " broke off after " + bytesOf(received_) +
                              (total_ ? " of " + std::to_string(*total_) : ""),
                          count < 0 ? errno : 0);
        }
        started_ = true;
        if (total_ && received_ + static_cast<std::uint64_t>(count) == *total_) {
            refuseSurplus(*total_);
        }
        {
            const std::lock_guard lock(mutex_);
            received_ += static_cast<std::uint64_t>(count);
        }
        readerWake_.raise();
        for (auto& child : children_) {
            passOn(child);
        }
        if (static_cast<std::size_t>(count) < piece.size()) {
            return;
        }
    }
}

void Relay::sendUp() {
    while (!upward_.empty() && !predecessorGone_) {
        const auto count = ::send(predecessor_.control.get(), upward_.data(), upward_.size(), MSG_NOSIGNAL);
        if (count < 0) {
            if (!wouldBlock()) {
                upward_.clear(); // reading from the predecessor reports the failure
            }
            return;
        }
        upward_.erase(0, static_cast<std::size_t>(count));
    }
}

} // namespace bootferry::dolly
