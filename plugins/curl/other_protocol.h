// SPDX-License-Identifier: LGPL-2.1-or-later
// Tells which protocol a server speaks that does not speak the URL's, from the first bytes that it sends.
// Pure.
#pragma once

#include <string>
#include <string_view>

#include "host.h"

namespace bootferry::curl {

// "SSH", "FTP", "TLS", "SOCKS" or "HTTP"; empty: none of those.
[[nodiscard]] std::string_view protocolOf(std::string_view firstBytes);

// wanted: "HTTP" or "FTP".
[[nodiscard]] plugin::Failure otherProtocol(std::string_view wanted, const std::string& authority,
                                            std::string_view firstBytes);
// The same of a proxy, which was asked in HTTP.
[[nodiscard]] plugin::Failure otherProtocolOfProxy(const std::string& namedBy, std::string_view firstBytes);

} // namespace bootferry::curl
