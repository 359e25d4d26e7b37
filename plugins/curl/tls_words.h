// SPDX-License-Identifier: LGPL-2.1-or-later
// libcurl passes on OpenSSL's error queue: "OpenSSL/3.0.17: error:0A00010B:SSL routines::wrong version
// number". Its reason is written for programmers; these are words for who configures the two sides. Pure.
#pragma once

#include <string>

namespace bootferry::curl {

// The text with each code of OpenSSL replaced by what it means, and without libcurl's prefixes about TLS. A
// reason that is not known is kept in OpenSSL's words, without its number.
[[nodiscard]] std::string withTlsWords(const std::string& detail);

// Did the server end the connection because of the client's certificate, or for want of one? In TLS 1.3 it
// does so after the handshake, where libcurl reports a broken connection.
[[nodiscard]] bool isRefusedByServer(const std::string& detail);

} // namespace bootferry::curl
