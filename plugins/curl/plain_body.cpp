// SPDX-License-Identifier: LGPL-2.1-or-later
// tcp(7), socket(7). linux/tcp.h and not netinet/tcp.h, whose tcp_info ends before the byte counts.
#include "plain_body.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "host.h"

namespace bootferry::curl {
namespace {

using plugin::Failure;

// Being woken for every segment costs more than copying it. Whatever has come after `longestWait` is taken
// all the same: a slow line is to show its progress.
constexpr std::uint64_t worthWaking = 256 * 1024;
constexpr int longestWait = 100; // milliseconds

std::optional<std::uint64_t> receivedBytes(int socket) {
    tcp_info told{};
    socklen_t length = sizeof told;
    const bool tells = getsockopt(socket, IPPROTO_TCP, TCP_INFO, &told, &length) == 0 &&
                       length >= offsetof(tcp_info, tcpi_bytes_received) + sizeof told.tcpi_bytes_received;
    return tells ? std::optional<std::uint64_t>(told.tcpi_bytes_received) : std::nullopt;
}

// Bytes arrive while they are counted, hence the second look.
std::optional<std::uint64_t> takenBytes(int socket) {
    constexpr int looks = 8;
    for (int i = 0; i < looks; ++i) {
        const auto before = receivedBytes(socket);
        int waiting = 0;
        if (!before || ioctl(socket, SIOCINQ, &waiting) != 0) {
            return std::nullopt;
        }
        if (receivedBytes(socket) == before) {
            return *before - static_cast<std::uint64_t>(waiting);
        }
    }
    return std::nullopt;
}

} // namespace

std::optional<PlainBody> PlainBody::takeOver(int socket, std::uint64_t handedOver, std::uint64_t left) {
    if (socket < 0 || left == 0 || takenBytes(socket) != handedOver) {
        return std::nullopt;
    }
    PlainBody body(socket, left);
    body.wakeFor(worthWaking);
    return body;
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
        wakeFor(left_); // more than the end does not come
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
