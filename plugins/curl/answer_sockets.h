// SPDX-License-Identifier: LGPL-2.1-or-later
// Finds the socket of an answer, and how many bytes of the answer the kernel has delivered to libcurl.
// libcurl reports each socket that it opens and, before every request (redirects, logins, reused
// connections), the addresses of its connection; the kernel reports what was received by then.
//
// A connection on which anything was received before its first request is not plain: TLS, a SOCKS proxy and a
// tunnel all begin with bytes of the other side. Counting restarts with each request, on the connection that
// carries it, so that the sum excludes other connections and redirects: bytes between the socket and the body
// can only increase the kernel's count.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace bootferry::curl {

// The two ends as libcurl reports them.
struct ConnectionEnds {
    std::string localAddress;
    int localPort = 0;
    std::string remoteAddress;
    int remotePort = 0;
};

class AnswerSockets {
public:
    // Reports libcurl's new socket. Borrowed, and used only while the kernel reports the announced ends for
    // it: libcurl may have closed it, and another socket may have its number.
    void opened(int socket);

    // Reports the data socket of FTP in active mode, to which the server has connected. libcurl closes it
    // without a report.
    void accepted(int socket) { accepted_ = socket; }

    // Reports that a request is about to be sent.
    void announced(const ConnectionEnds& ends);

    // For http, the socket of the newest request; for ftp, the data socket opened after it. -1: uncertain, or
    // not plain.
    [[nodiscard]] int ofRequest() const;
    [[nodiscard]] int ofData() const;
    // For ftp, while libcurl reads from it: as ofData(), also in active mode.
    [[nodiscard]] int ofOpenData() const { return accepted_ >= 0 ? accepted_ : ofData(); }
    // For ftp, the control connection; -1: uncertain.
    [[nodiscard]] int ofControl() const;

    // Bytes read from the socket before the newest request.
    [[nodiscard]] std::uint64_t takenBefore() const { return takenBefore_; }

private:
    struct Entry {
        int socket = -1;
        bool wasAnnounced = false;
        bool beganPlain = false; // nothing had been received before the first request
    };

    std::vector<Entry> entries_; // newest last
    std::optional<Entry> answering_;
    ConnectionEnds ends_;
    std::uint64_t takenBefore_ = 0;
    int accepted_ = -1;
    bool openedSince_ = false; // a socket was opened after the newest request
};

// The kernel's counts of bytes received, and of those already read from the socket. nullopt: not TCP, or
// decoded by the kernel (kTLS).
[[nodiscard]] std::optional<std::uint64_t> receivedBytes(int socket);
[[nodiscard]] std::optional<std::uint64_t> takenBytes(int socket);

} // namespace bootferry::curl
