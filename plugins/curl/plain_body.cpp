// SPDX-License-Identifier: LGPL-2.1-or-later
// tcp(7), socket(7), splice(2).
#include "plain_body.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include "answer_sockets.h"
#include "host.h"

namespace bootferry::curl {
namespace {

using plugin::Failure;

// Waking up for every segment costs more than copying it. After `longestWait` any bytes are read, so that a
// slow connection shows progress.
constexpr std::uint64_t worthWaking = 256 * 1024;
constexpr int longestWait = 100; // milliseconds

// Both the end of the data and the reply about it follow the last byte at once.
constexpr int longestEnd = 1000; // milliseconds

// False after the longest wait, if the connection is unusable, or if cancelFd is readable. All bytes are
// there then, so that a cancel is left to who looks next.
bool waitFor(int socket, int cancelFd) {
    pollfd entries[] = {{.fd = socket, .events = POLLIN, .revents = 0},
                        {.fd = cancelFd, .events = POLLIN, .revents = 0}};
    int ready = -1;
    do {
        ready = poll(entries, 2, longestEnd);
    } while (ready < 0 && errno == EINTR);
    return ready > 0 && entries[1].revents == 0;
}

} // namespace

AfterBody afterBody(int socket, int cancelFd) {
    int listens = 0;
    socklen_t length = sizeof listens;
    if (getsockopt(socket, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) != 0 || listens != 0) {
        return AfterBody::Nothing;
    }
    const int any = 1;
    (void)setsockopt(socket, SOL_SOCKET, SO_RCVLOWAT, &any, sizeof any);
    char byte = 0;
    if (!waitFor(socket, cancelFd)) {
        return AfterBody::Nothing;
    }
    const auto count = recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (count < 0 && errno == ECONNRESET) {
        return AfterBody::Reset;
    }
    return count > 0 ? AfterBody::MoreBytes : AfterBody::Nothing;
}

std::string nextLine(int socket, int cancelFd) {
    std::array<char, 200> text{};
    if (socket < 0 || !waitFor(socket, cancelFd)) {
        return {};
    }
    const auto count = recv(socket, text.data(), text.size(), MSG_PEEK | MSG_DONTWAIT);
    return count > 0 ? std::string(text.data(), static_cast<std::size_t>(count)) : std::string();
}

std::optional<PlainBody> PlainBody::takeOver(int socket, std::uint64_t taken, std::uint64_t left) {
    if (socket < 0 || left == 0 || takenBytes(socket) != taken) {
        return std::nullopt;
    }
    int lowWater = 1;
    socklen_t length = sizeof lowWater;
    (void)getsockopt(socket, SOL_SOCKET, SO_RCVLOWAT, &lowWater, &length);
    PlainBody body(socket, left, lowWater);
    body.wakeFor(worthWaking);
    return body;
}

PlainBody::PlainBody(PlainBody&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), lowWater_(other.lowWater_), left_(other.left_),
      wakesFor_(other.wakesFor_), errno_(other.errno_) {}

PlainBody& PlainBody::operator=(PlainBody&& other) noexcept {
    std::swap(socket_, other.socket_);
    std::swap(lowWater_, other.lowWater_);
    std::swap(left_, other.left_);
    std::swap(wakesFor_, other.wakesFor_);
    std::swap(errno_, other.errno_);
    return *this;
}

PlainBody::~PlainBody() {
    if (socket_ >= 0) {
        (void)setsockopt(socket_, SOL_SOCKET, SO_RCVLOWAT, &lowWater_, sizeof lowWater_);
    }
}

void PlainBody::wakeFor(std::uint64_t bytes) {
    wakesFor_ = bytes;
    const int lowest = static_cast<int>(bytes);
    (void)setsockopt(socket_, SOL_SOCKET, SO_RCVLOWAT, &lowest, sizeof lowest);
}

std::size_t PlainBody::read(std::span<std::byte> into, int cancelFd) {
    return receive(into.size(), cancelFd,
                   [&](std::size_t wanted) { return recv(socket_, into.data(), wanted, MSG_DONTWAIT); });
}

std::size_t PlainBody::splice(int pipe, std::size_t most, int cancelFd) {
    return receive(most, cancelFd, [&](std::size_t wanted) {
        return ::splice(socket_, nullptr, pipe, nullptr, wanted, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    });
}

template <typename Receive>
std::size_t PlainBody::receive(std::size_t most, int cancelFd, Receive call) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(most, left_));
    if (left_ < wakesFor_) {
        wakeFor(left_); // no more bytes than these will come
    }
    for (;;) {
        pollfd entries[] = {{.fd = socket_, .events = POLLIN, .revents = 0},
                            {.fd = cancelFd, .events = POLLIN, .revents = 0}};
        if (poll(entries, 2, longestWait) < 0 && errno != EINTR) {
            throw Failure(BOOTFERRY_ERROR_IO, "waiting for the network", errno);
        }
        if (entries[1].revents != 0) {
            throw Failure(BOOTFERRY_ERROR_CANCELLED, "cancelled");
        }
        const auto count = call(wanted);
        if (count >= 0) {
            left_ -= static_cast<std::uint64_t>(count);
            return static_cast<std::size_t>(count);
        }
        if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
            errno_ = errno;
            return 0;
        }
    }
}

} // namespace bootferry::curl
