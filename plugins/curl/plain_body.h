// SPDX-License-Identifier: LGPL-2.1-or-later
// The rest of a body that comes over TCP just as it is (http, ftp), read without libcurl, which would copy
// every byte once more and take it in smaller pieces: a third of a transfer's processor time. libcurl speaks
// the protocol, and stays paused from the first bytes of the body on.
//
// Going around libcurl goes around what it guarantees. A socket is taken over only where each of these is
// kept; where one is in doubt, libcurl reads to the end.
//
//   TLS, and who is trusted    the answer's own scheme is plain, no option asks for TLS beside it, libcurl
//   has
//                              no TLS session on the connection (plain_answer.h); the kernel had received
//                              nothing on it before the first request, and decodes nothing (answer_sockets.h)
//   proxies, tunnels, SOCKS    the same: their bytes come before the request; a plain HTTP proxy's answer is
//                              an answer like any other
//   framing and codings        HTTP 1, no Transfer-Encoding or Content-Encoding, no FTP line ends; the body's
//                              length is the one that libcurl goes by, and nothing behind it is received
//   which bytes are the body   the kernel handed over, on this connection and since this request, exactly the
//                              answer's head and the body's beginning that libcurl passed on: none is left in
//                              a buffer or was dropped. Counted for this answer alone: bytes of a redirect,
//                              whose head is anybody's to choose, are in neither sum
//   redirects, logins, status  all behind us: the answer has been judged (curl_session_answer.cpp)
//   where to (connect-to,      the connection is libcurl's own, and known by both ends: a socket that was
//   closed resolve, interface …)      or is another one by now is not taken for it time limits and rates
//   options that need them keep libcurl reading (CurlOptions::needPacing()); a stall
//                              and a cancel are the host's, by cancelFd
//   largest size               libcurl compares max-filesize with the length before the body begins
//   keep-alive probes          are the socket's, and stay
//   pausing                    libcurl is not run any more: not one byte is taken by both
//   an early end               is reported as libcurl would, as a file cut short. Of ftp the server's closing
//                              reply is not read: the length has to be known and to have come
//   the next transfer          there is none: libcurl closes a connection whose transfer was broken off, and
//   the
//                              session keeps no connection that was taken over (idle_connections.h)
//   the socket's settings      the low-water mark is what it was when this ends
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace bootferry::curl {

class PlainBody {
public:
    // `taken`: what should have been read from the connection by now, all in all; `left`: bytes that are
    // still to come. The socket is borrowed, and outlives this.
    static std::optional<PlainBody> takeOver(int socket, std::uint64_t taken, std::uint64_t left);

    PlainBody(PlainBody&& other) noexcept;
    PlainBody& operator=(PlainBody&& other) noexcept;
    PlainBody(const PlainBody&) = delete;
    PlainBody& operator=(const PlainBody&) = delete;
    ~PlainBody();

    // Blocks until there are bytes or the connection has ended (0). Throws Failure(CANCELLED) when cancelFd
    // is readable.
    [[nodiscard]] std::size_t read(std::span<std::byte> into, int cancelFd);
    [[nodiscard]] std::size_t splice(int pipe, std::size_t most, int cancelFd); // as read()
    [[nodiscard]] std::uint64_t left() const { return left_; }
    [[nodiscard]] int brokenBy() const { return errno_; } // how it ended; 0: the peer closed it

private:
    PlainBody(int socket, std::uint64_t left, int lowWater)
        : socket_(socket), lowWater_(lowWater), left_(left) {}
    template <typename Receive>
    std::size_t receive(std::size_t most, int cancelFd, Receive call);
    void wakeFor(std::uint64_t bytes);

    int socket_;
    int lowWater_; // as it was
    std::uint64_t left_;
    std::uint64_t wakesFor_ = 0;
    int errno_ = 0;
};

} // namespace bootferry::curl
