// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads the rest of a plain body (http, ftp) from the socket without libcurl, which would copy every byte
// once more and in smaller pieces: a third of a transfer's processor time. libcurl speaks the protocol and is
// paused at the first bytes of the body.
//
// Bypassing libcurl bypasses its guarantees. A socket is taken over only if each of these still holds; in
// doubt, libcurl reads to the end.
//
// clang-format off
//   TLS and certificates      the URL's scheme is plain, no option requests TLS, and libcurl has no TLS session on
//                             the connection (plain_answer.h); the kernel received nothing on it before the first
//                             request and decodes nothing (answer_sockets.h)
//   proxies, tunnels, SOCKS   as for TLS: their bytes come before the request. A plain HTTP proxy's answer is an
//                             answer like any other
//   framing and codings       HTTP 1, no Transfer-Encoding or Content-Encoding, no FTP line ends; the body's length
//                             is the one libcurl uses, and nothing after it is received
//   where the body begins     the kernel delivered, on this connection since this request, exactly the head and the
//                             bytes of the body that libcurl passed on: no byte is in a buffer or was dropped.
//                             Only this answer is counted, as anybody may choose the head of a redirect
//   redirects, logins, status are done: the answer has been examined (curl_session_answer.cpp)
//   connect-to, resolve, ...  the connection is libcurl's own and identified by both ends: a socket that was closed,
//                             or is another one by now, is not taken for it
//   time and rate limits      options that need them keep libcurl reading (CurlOptions::needPacing()); the host
//                             handles stalls, and cancels by cancelFd
//   largest size              libcurl compares max-filesize with the length before the body begins
//   keep-alive probes         belong to the socket, and stay
//   pausing                   libcurl does not run any more, so no byte is read by both
//   an early end              is reported as by libcurl, as a file cut short. FTP's closing reply is looked at only
//                             then: it tells whether the file was cut or its announced size is wrong
//   a late end                with FTP, more bytes than were announced are refused, and so is a reset unless the closing reply
//                             says that the file is complete (afterBody())
//   the next transfer         there is none: libcurl closes the connection of an incomplete transfer, and the session
//                             keeps no connection that was taken over (idle_connections.h)
//   the socket's settings     the low-water mark is restored at the end
// clang-format on
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace bootferry::curl {

class PlainBody {
public:
    // `taken`: the bytes that must have been read from the connection so far; `left`: the bytes still to
    // come. nullopt if the kernel's count differs. The socket is borrowed and outlives this.
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
    [[nodiscard]] int brokenBy() const { return errno_; } // the errno; 0: the peer closed the connection

private:
    PlainBody(int socket, std::uint64_t left, int lowWater)
        : socket_(socket), lowWater_(lowWater), left_(left) {}
    template <typename Receive>
    std::size_t receive(std::size_t most, int cancelFd, Receive call);
    void wakeFor(std::uint64_t bytes);

    int socket_;
    int lowWater_; // the original value
    std::uint64_t left_;
    std::uint64_t wakesFor_ = 0;
    int errno_ = 0;
};

// What comes after the last byte that a connection should deliver. Nothing: its end, or none within a second
// or until cancelFd is readable.
enum class AfterBody { Nothing, MoreBytes, Reset };
[[nodiscard]] AfterBody afterBody(int socket, int cancelFd);

// The line that arrives next, within the same time; it stays in the socket. Empty: none, or -1 was given.
[[nodiscard]] std::string nextLine(int socket, int cancelFd);

} // namespace bootferry::curl
