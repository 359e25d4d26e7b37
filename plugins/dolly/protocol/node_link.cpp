// SPDX-License-Identifier: LGPL-2.1-or-later
// A node whose power was cut says nothing: keepalive and TCP_USER_TIMEOUT (tcp(7)) end a connection on which
// it stays silent for half a minute.
#include "node_link.h"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <thread>

#include <linux/sockios.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <spdlog/fmt/fmt.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace bootferry::dolly {
namespace {

using Clock = std::chrono::steady_clock;
using AddressList = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

constexpr std::chrono::seconds betweenTries{1};
constexpr std::chrono::seconds connectTime{10};
constexpr std::chrono::milliseconds gap{100};
constexpr std::chrono::seconds longestGap{30};

AddressList resolve(const std::string& name, std::uint16_t port) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* raw = nullptr;
    const int result = ::getaddrinfo(name.c_str(), std::to_string(port).c_str(), &hints, &raw);
    if (result != 0) {
        throw Error(ErrorCode::NotFound,
                    fmt::format("'{}' does not resolve: {}", name, ::gai_strerror(result)));
    }
    return {raw, &::freeaddrinfo};
}

void set(const UniqueFd& socket, int level, int option, int value) {
    // Each is an improvement only; a kernel that lacks one does without.
    (void)::setsockopt(socket.get(), level, option, &value, sizeof value);
}

void watchOver(const UniqueFd& socket) {
    set(socket, IPPROTO_TCP, TCP_NODELAY, 1);
    set(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(socket, IPPROTO_TCP, TCP_KEEPIDLE, 10);
    set(socket, IPPROTO_TCP, TCP_KEEPINTVL, 5);
    set(socket, IPPROTO_TCP, TCP_KEEPCNT, 4);
    set(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, 30'000);
}

// The errno with which it ended, 0 where it worked.
int tryToConnect(const UniqueFd& socket, const addrinfo& address) {
    if (::connect(socket.get(), address.ai_addr, address.ai_addrlen) == 0) {
        return 0;
    }
    if (errno != EINPROGRESS) {
        return errno;
    }
    pollfd wait{.fd = socket.get(), .events = POLLOUT, .revents = 0};
    if (!awaitAny({&wait, 1}, connectTime)) {
        return ETIMEDOUT;
    }
    int result = 0;
    socklen_t length = sizeof result;
    return ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &result, &length) < 0 ? errno : result;
}

bool wouldBlock() {
    return errno == EAGAIN || errno == EINTR;
}

} // namespace

bool awaitAny(std::span<pollfd> fds, NodeLink::Patience patience) {
    const auto until = patience ? std::optional(Clock::now() + *patience) : std::nullopt;
    for (;;) {
        int milliseconds = -1;
        if (until) {
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(*until - Clock::now()).count();
            milliseconds = static_cast<int>(std::clamp<decltype(left)>(left, 0, INT32_MAX));
        }
        const int ready = ::poll(fds.data(), fds.size(), milliseconds);
        if (ready >= 0) {
            return ready > 0;
        }
        if (errno != EINTR) {
            throwErrno(errno, "waiting for nodes");
        }
    }
}

void NodeLink::connect(const Ports& ports, const std::function<void(const std::string& why)>& waiting) {
    // As dolly does it: a node looks for the data connection when it has read the dollytab.
    data_ = connectTo(ports.data, waiting);
    control_ = connectTo(ports.control, waiting);
}

UniqueFd NodeLink::connectTo(std::uint16_t port,
                             const std::function<void(const std::string& why)>& waiting) const {
    const auto began = Clock::now();
    const auto addresses = resolve(name_, port);
    for (;;) {
        int why = 0;
        for (const auto* address = addresses.get(); address != nullptr; address = address->ai_next) {
            UniqueFd socket(
                checkErrno(::socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0),
                           "creating a socket"));
            watchOver(socket);
            why = tryToConnect(socket, *address);
            if (why == 0) {
                return socket;
            }
        }
        if (patience_ && Clock::now() - began >= *patience_) {
            throw Error(ErrorCode::Unreachable, why, fmt::format("'{}', port {}", name_, port));
        }
        waiting(fmt::format("{} (port {}: {})", name_, port, errnoText(why)));
        std::this_thread::sleep_for(betweenTries);
    }
}

void NodeLink::endData() {
    (void)::shutdown(data_.get(), SHUT_WR);
}

void NodeLink::send(const UniqueFd& socket, std::string_view octets) {
    while (!octets.empty()) {
        const auto count = ::send(socket.get(), octets.data(), octets.size(), MSG_NOSIGNAL);
        if (count >= 0) {
            octets.remove_prefix(static_cast<std::size_t>(count));
            sent_ += &socket == &data_ ? static_cast<std::uint64_t>(count) : 0;
        } else if (wouldBlock()) {
            await(socket, POLLOUT);
        } else {
            hungUp(fmt::format("after {} bytes", sent_), errno);
        }
    }
}

void NodeLink::await(const UniqueFd& socket, short events) const {
    pollfd wait{.fd = socket.get(), .events = events, .revents = 0};
    if (!awaitAny({&wait, 1}, patience_)) {
        throw Error(ErrorCode::Timeout, fmt::format("'{}' does nothing any more", name_));
    }
}

void NodeLink::leaveGap() const {
    const auto until = Clock::now() + longestGap;
    int unsent = 1;
    while (::ioctl(control_.get(), SIOCOUTQ, &unsent) == 0 && unsent > 0 && Clock::now() < until) {
        std::this_thread::sleep_for(gap / 10);
    }
    std::this_thread::sleep_for(gap);
}

std::string NodeLink::receive(std::size_t count, std::string_view when) {
    std::string octets;
    while (octets.size() < count) {
        await(control_, POLLIN);
        std::string piece(count - octets.size(), '\0');
        const auto got = ::recv(control_.get(), piece.data(), piece.size(), 0);
        if (got == 0 || (got < 0 && !wouldBlock())) {
            hungUp(when, got < 0 ? errno : 0);
        }
        octets.append(piece, 0, static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    }
    return octets;
}

std::string NodeLink::receiveSome(std::string_view when) {
    std::string octets(4096, '\0');
    const auto got = ::recv(control_.get(), octets.data(), octets.size(), 0);
    if (got == 0 || (got < 0 && !wouldBlock())) {
        hungUp(when, got < 0 ? errno : 0);
    }
    octets.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    return octets;
}

void NodeLink::hungUp(std::string_view when, int errnoValue) const {
    throw Error(ErrorCode::Unreachable, errnoValue, fmt::format("'{}' hung up {}", name_, when));
}

} // namespace bootferry::dolly
