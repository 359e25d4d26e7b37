// SPDX-License-Identifier: LGPL-2.1-or-later
// The rest of a body that comes over TCP just as it is (http, ftp), read without libcurl, which would copy
// every byte once more and take it in smaller pieces: a third of a transfer's processor time. libcurl speaks
// the protocol, and stays paused from the first bytes of the body on.
//
// That nothing lies between the socket and the body (TLS, a tunnel, HTTP/2, a buffer of libcurl's) is not
// concluded from options but counted: the bytes that libcurl took from the socket, as the kernel tells them,
// are exactly those that it handed over. Where they are not, libcurl goes on as it began.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace bootferry::curl {

class PlainBody {
public:
    // `handedOver`: heads and body so far; `left`: bytes that are still to come. The socket is borrowed.
    static std::optional<PlainBody> takeOver(int socket, std::uint64_t handedOver, std::uint64_t left);

    // Blocks until there are bytes or the connection has ended (0). Throws Failure(CANCELLED) when cancelFd
    // is readable.
    [[nodiscard]] std::size_t read(std::span<std::byte> into, int cancelFd);
    [[nodiscard]] std::size_t splice(int pipe, std::size_t most, int cancelFd); // as read()
    [[nodiscard]] std::uint64_t left() const { return left_; }
    [[nodiscard]] int brokenBy() const { return errno_; } // how it ended; 0: the peer closed it

private:
    PlainBody(int socket, std::uint64_t left) : socket_(socket), left_(left) {}
    template <typename Receive>
    std::size_t receive(std::size_t most, int cancelFd, Receive call);
    void wakeFor(std::uint64_t bytes);

    int socket_;
    std::uint64_t left_;
    std::uint64_t wakesFor_ = 0;
    int errno_ = 0;
};

} // namespace bootferry::curl
