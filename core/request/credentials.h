// SPDX-License-Identifier: LGPL-2.1-or-later
// Chooses the credentials for a server. A secret without a host in its name is for the image's server
// (root=live:) only; a mirror or the server of the checksum list gets credentials of its own or none, so that
// no secret leaks to another server. Credentials that are never sent (signing keys, trusted certificates) are
// for all servers.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "transfer_request.h"

namespace bootferry {

using Credentials = std::map<std::string, std::string>; // by the names that plugins use

// In /run/bootferry of an initrd whose network chose the image's server (root=dhcp, bootorigin:).
inline constexpr const char* serverFromNetworkFile = "server-from-network";

// Those for a server by name, and those that are never sent: where the network chose the image's server,
// nothing else is for it.
[[nodiscard]] Credentials withoutUnnamedServer(const Credentials& all);

// Compares scheme, host and port; a URL without a port has the scheme's default port.
[[nodiscard]] bool isSameOrigin(const Url& one, const Url& other);

// NAME is for the image's server, NAME.HOST or NAME.HOST-PORT for the server it names. The colons of an IPv6
// address are written '-', as a credential's name cannot contain one. The URL's userinfo has precedence.
[[nodiscard]] Credentials credentialsFor(const Url& url, const Url& image, const Credentials& all);

// For each URL of the request: the image, the mirrors, and the checksum list if there is one. The worker gets
// these and no others.
[[nodiscard]] std::vector<Credentials> credentialsFor(const TransferRequest& request, const Credentials& all);

} // namespace bootferry
