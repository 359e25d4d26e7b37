// SPDX-License-Identifier: LGPL-2.1-or-later
// What TLS shows of the end of a connection, and libcurl does not.
//
// Whether TLS ended with the notice of its peer (close_notify, RFC 8446, section 6.1). Without it the end may
// be anybody's work, and a body without a length then only looks complete (RFC 9112, section 9.8). libcurl
// takes every end for the peer's: OpenSSL reports it only to a BIO that knows its end, and libcurl's does
// not.
//
// Whether more data followed the announced number of bytes (ftp). libcurl stops at that number, and reads on
// only to end TLS; the rest is decoded then, and dropped.
#pragma once

#include <memory>

#include <curl/curl.h>

namespace bootferry::curl {

struct TlsConnection;

class TlsEnd {
public:
    TlsEnd();

    // Call before the transfer. Without OpenSSL behind libcurl there is nothing to look at: GnuTLS reports
    // an end without notice.
    void watch(CURL* easy);

    // Of the newest connection with TLS. True as well if none is watched.
    [[nodiscard]] bool noticed() const;

    [[nodiscard]] bool isWatched() const { return isWatched_; }
    // Handshakes that began, a proxy's included.
    [[nodiscard]] int count() const { return count_; }

    // Reports, before libcurl reads on, that the newest connection has brought all announced bytes.
    void allArrived();
    // True if it has brought more since.
    [[nodiscard]] bool hasSurplus() const;

private:
    static CURLcode onContext(CURL* easy, void* context, void* end) noexcept;

    // Shared with OpenSSL, because a connection may outlive the session.
    std::shared_ptr<TlsConnection> newest_;
    bool isWatched_ = false;
    int count_ = 0;
};

} // namespace bootferry::curl
