// SPDX-License-Identifier: LGPL-2.1-or-later
// tcp(7), socket(7). Not netinet/tcp.h, whose tcp_info lacks the byte counts.
#include "answer_sockets.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <utility>

#include <arpa/inet.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace bootferry::curl {
namespace {

using NameCall = int (*)(int, sockaddr*, socklen_t*);

bool hasEnd(int socket, NameCall nameOf, const std::string& address, int port) {
    sockaddr_storage name{};
    socklen_t length = sizeof name;
    if (nameOf(socket, reinterpret_cast<sockaddr*>(&name), &length) != 0) {
        return false;
    }
    std::array<char, INET6_ADDRSTRLEN> text{};
    in_port_t found = 0;
    const void* binary = nullptr;
    if (name.ss_family == AF_INET) {
        const auto& ipv4 = reinterpret_cast<const sockaddr_in&>(name);
        binary = &ipv4.sin_addr;
        found = ipv4.sin_port;
    } else if (name.ss_family == AF_INET6) {
        const auto& ipv6 = reinterpret_cast<const sockaddr_in6&>(name);
        binary = &ipv6.sin6_addr;
        found = ipv6.sin6_port;
    } else {
        return false;
    }
    return inet_ntop(name.ss_family, binary, text.data(), text.size()) != nullptr && address == text.data() &&
           port == ntohs(found);
}

bool hasEnds(int socket, const ConnectionEnds& ends) {
    return hasEnd(socket, &getsockname, ends.localAddress, ends.localPort) &&
           hasEnd(socket, &getpeername, ends.remoteAddress, ends.remotePort);
}

bool isDecodedByKernel(int socket) {
    std::array<char, 16> protocol{};
    socklen_t length = protocol.size();
    return getsockopt(socket, IPPROTO_TCP, TCP_ULP, protocol.data(), &length) == 0 && length > 0 &&
           protocol[0] != '\0';
}

} // namespace

std::optional<std::uint64_t> receivedBytes(int socket) {
    tcp_info info{};
    socklen_t length = sizeof info;
    const bool counts = getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &length) == 0 &&
                        length >= offsetof(tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received;
    return counts && !isDecodedByKernel(socket) ? std::optional<std::uint64_t>(info.tcpi_bytes_received)
                                                : std::nullopt;
}

// Counts again if bytes arrived meanwhile.
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

void AnswerSockets::opened(int socket) {
    std::erase_if(entries_, [socket](const Entry& entry) { return entry.socket == socket; });
    entries_.push_back({.socket = socket});
    openedSince_ = true;
}

void AnswerSockets::announced(const ConnectionEnds& ends) {
    answering_.reset();
    accepted_ = -1;
    openedSince_ = false;
    const auto found = std::find_if(entries_.rbegin(), entries_.rend(),
                                    [&](const Entry& entry) { return hasEnds(entry.socket, ends); });
    if (found == entries_.rend()) {
        return;
    }
    if (!std::exchange(found->wasAnnounced, true)) {
        found->beganPlain = receivedBytes(found->socket) == 0U;
    }
    if (const auto taken = takenBytes(found->socket)) {
        answering_ = *found;
        takenBefore_ = *taken;
        ends_ = ends;
    }
}

int AnswerSockets::ofRequest() const {
    const bool isSure = answering_ && answering_->beganPlain && hasEnds(answering_->socket, ends_);
    return isSure ? answering_->socket : -1;
}

int AnswerSockets::ofControl() const {
    return answering_ && hasEnds(answering_->socket, ends_) ? answering_->socket : -1;
}

int AnswerSockets::ofData() const {
    return openedSince_ && !entries_.empty() ? entries_.back().socket : -1;
}

} // namespace bootferry::curl
