// SPDX-License-Identifier: LGPL-2.1-or-later
// libcurl passes on OpenSSL's error queue: "OpenSSL/3.0.17: error:0A00010B:SSL routines::wrong version
// number". That reason is written for programmers. This translates it for the administrators of client and
// server. Pure.
#pragma once

#include <string>

namespace bootferry::curl {

// Replaces each error code of OpenSSL in the text by an explanation, and removes libcurl's prefixes. An
// unknown reason is kept in OpenSSL's words, without the code.
[[nodiscard]] std::string withTlsErrorText(const std::string& detail);

// True if the server closed the connection because it did not accept the client's certificate, or because
// there was none. In TLS 1.3 this happens after the handshake, and libcurl reports a lost connection.
[[nodiscard]] bool isRefusedByServer(const std::string& detail);

// True if the server ended the handshake for a reason of its own, which may pass.
[[nodiscard]] bool isServersTrouble(const std::string& detail);

// True if the server answered the handshake in another protocol.
[[nodiscard]] bool isNoTls(const std::string& detail);

} // namespace bootferry::curl
