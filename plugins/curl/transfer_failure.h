// SPDX-License-Identifier: LGPL-2.1-or-later
// Maps libcurl's results and the servers' answers to the ABI's error codes and a message for the console.
#pragma once

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>

#include "curl_handles.h"
#include "host.h"
#include "http_failure.h"
#include "http_response.h"
#include "proxy_url.h"

namespace bootferry::curl {

struct TransferEnd {
    CURLcode result = CURLE_OK;
    std::string detail;    // libcurl's error buffer
    std::string reply;     // the last of an FTP server, "550 Failed to open file."
    std::string lateReply; // of an FTP server, the refusal that it sent before an early end; empty: none
    std::string authority; // the server, "host:port"
    std::string host;
    long responseCode = 0;
    long osErrno = 0;
    long verifyResult = 0; // OpenSSL's, if libcurl uses it
    bool isFtp = false;
    bool isTftp = false;
    bool isInDoubt =
        false; // a connection that the server announced to keep ended, and nothing else shows the end
    bool unnoticed = false;              // TLS ended without close_notify, and nothing else shows the end
    bool isHonest = false;               // the server says that these were all bytes
    std::string tftpRefusal;             // libcurl's words, of an answer that it does not accept
    std::optional<std::uint32_t> goaway; // the code with which the server ended a connection of HTTP/2
    HttpResponse response;               // the newest one; empty for FTP
    std::string askedUrl;                // of the newest request; empty: none was sent
    std::string place;                   // that the URL names, "host:port"
    HttpRefusal connect;                 // a proxy's answer to CONNECT; status 0: none
    CURLproxycode socksError = CURLPX_OK;
    std::string proxyVariable; // of the environment, from which the proxy is; empty: an option's, or none
    std::optional<ProxyInUse> proxy;
    bool wantsHttp2 = false;         // without TLS, and without a question first
    bool connectsElsewhere = false;  // an option sends connections to another place than the URL's
    bool redirectsAreChosen = false; // by an option
    bool resumes = false;            // an offset was asked for
    std::uint64_t position = 0;      // in the file, after the last byte received
    std::optional<std::uint64_t> size;
    std::time_t now = 0; // the current time
};

// For a result other than CURLE_OK.
[[nodiscard]] plugin::Failure failureOf(const TransferEnd& end);

} // namespace bootferry::curl
