// SPDX-License-Identifier: LGPL-2.1-or-later
// Finds the socket of an answer, and how many bytes of the answer the kernel has delivered to libcurl.
// libcurl reports each socket that it opens and, before every request (redirects, logins, reused
// connections), the addresses of its connection; the kernel reports what was received by then.
//
// A connection on which anything was received before its first request is never taken for a plain one: TLS,
// a SOCKS proxy and a tunnel all begin with bytes of the other side. Counting starts anew with each request,
// on the connection that it goes out on, so that no other connection's bytes, and no redirect's, are in the
// sum: what lies between the socket and the body can only add to the kernel's side of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace bootferry::curl {

// The two ends as libcurl names them.
struct ConnectionEnds {
    std::string localAddress;
    int localPort = 0;
    std::string remoteAddress;
    int remotePort = 0;
};

class AnswerSockets {
public:
    // libcurl's new socket. Borrowed, and used only while the kernel says that it has the ends it was
    // announced with: libcurl may have closed it, and its number may be another one's.
    void opened(int socket);

    // A request is about to be sent.
    void announced(const ConnectionEnds& ends);

    // Of http: the socket of the newest request; of ftp: the one that was opened after it, for the data. -1:
    // not certain, or not a plain one.
    [[nodiscard]] int ofRequest() const;
    [[nodiscard]] int ofData() const;

    // What was taken from the socket before the newest request.
    [[nodiscard]] std::uint64_t takenBefore() const { return takenBefore_; }

private:
    struct Entry {
        int socket = -1;
        bool wasAnnounced = false;
        bool beganPlain = false; // nothing had been received before the first request
    };

    std::vector<Entry> entries_; // the newest is the last
    std::optional<Entry> answering_;
    ConnectionEnds ends_;
    std::uint64_t takenBefore_ = 0;
    bool openedSince_ = false; // a socket, since the newest request
};

// As the kernel counts them: all that were received, and those that a reader took of them. Nothing: not TCP,
// or decoded by the kernel itself (TLS in the kernel).
[[nodiscard]] std::optional<std::uint64_t> receivedBytes(int socket);
[[nodiscard]] std::optional<std::uint64_t> takenBytes(int socket);

} // namespace bootferry::curl
