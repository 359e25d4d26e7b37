// SPDX-License-Identifier: LGPL-2.1-or-later
#include "channel_socket.h"

#include <cerrno>
#include <cstring>

#include <sys/socket.h>
#include <unistd.h>

namespace bootferry {
namespace {

constexpr const char* receiving = "reading the worker's channel";
constexpr const char* sending = "writing to the worker's channel";

// A buffer for that many descriptors, aligned as a cmsghdr.
std::vector<std::byte> controlRoom(std::size_t descriptors) {
    return std::vector<std::byte>(descriptors > 0 ? CMSG_SPACE(descriptors * sizeof(int)) : 0);
}

std::vector<UniqueFd> takeDescriptors(msghdr& message) {
    std::vector<UniqueFd> descriptors;
    for (auto* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        const auto count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
            descriptors.emplace_back(fd);
        }
    }
    return descriptors;
}

} // namespace

std::optional<ReceivedPacket> receivePacket(int socket, std::span<std::byte> room,
                                            std::size_t mostDescriptors, int flags) {
    iovec piece{.iov_base = room.data(), .iov_len = room.size()};
    auto control = controlRoom(mostDescriptors);
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control.empty() ? nullptr : control.data();
    message.msg_controllen = control.size();
    const auto size = TEMP_FAILURE_RETRY(::recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC));
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        return std::nullopt;
    }
    if (size < 0 && errno == ECONNRESET) {
        return ReceivedPacket{};
    }
    checkErrno(size, receiving);
    return ReceivedPacket{.size = static_cast<std::size_t>(size),
                          .whole = (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0,
                          .descriptors = takeDescriptors(message)};
}

bool sendPacket(int socket, std::span<const std::byte> packet, std::span<const int> descriptors, int flags) {
    if (descriptors.empty() && flags == 0) { // the verifying process may not use sendmsg(2)
        checkErrno(TEMP_FAILURE_RETRY(::write(socket, packet.data(), packet.size())), sending);
        return true;
    }
    iovec piece{.iov_base = const_cast<std::byte*>(packet.data()), .iov_len = packet.size()};
    auto control = controlRoom(descriptors.size());
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    if (!descriptors.empty()) {
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        auto* part = CMSG_FIRSTHDR(&message);
        part->cmsg_level = SOL_SOCKET;
        part->cmsg_type = SCM_RIGHTS;
        part->cmsg_len = CMSG_LEN(descriptors.size_bytes());
        std::memcpy(CMSG_DATA(part), descriptors.data(), descriptors.size_bytes());
    }
    const auto size = TEMP_FAILURE_RETRY(::sendmsg(socket, &message, flags | MSG_NOSIGNAL));
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        return false;
    }
    checkErrno(size, sending);
    return true;
}

} // namespace bootferry
