// SPDX-License-Identifier: LGPL-2.1-or-later
// Whether TLS ended with the notice of its peer (close_notify, RFC 8446, section 6.1). Without it the end may
// be anybody's work, and a body without a length then only looks complete (RFC 9112, section 9.8). libcurl
// takes every end for the peer's: OpenSSL reports it only to a BIO that knows its end, and libcurl's does
// not.
#pragma once

#include <memory>

#include <curl/curl.h>

namespace bootferry::curl {

class TlsEnd {
public:
    // Call before the transfer. Without OpenSSL behind libcurl there is nothing to look at: GnuTLS reports
    // such an end.
    void watch(CURL* easy);

    // Of the newest connection with TLS. True as well if none is watched.
    [[nodiscard]] bool noticed() const { return !*missing_; }

private:
    static CURLcode onContext(CURL* easy, void* context, void* end) noexcept;

    // Shared with OpenSSL, because a connection may outlive the session: true until the notice arrives.
    std::shared_ptr<bool> missing_ = std::make_shared<bool>(false);
};

} // namespace bootferry::curl
