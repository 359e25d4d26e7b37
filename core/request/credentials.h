// SPDX-License-Identifier: LGPL-2.1-or-later
// Which credential is for which server. A secret that was given without a name is for the server of the image
// (root=live:) and for no other: not for a mirror, not for the server of the checksum list, which are asked
// without a login or with one of their own. What no server is told (keys that sign, whom to trust) is for
// all.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "transfer_request.h"

namespace bootferry {

using Credentials = std::map<std::string, std::string>; // by the names that plugins ask for

// Scheme, host and port, with the scheme's own port where none is written.
[[nodiscard]] bool isSameOrigin(const Url& one, const Url& other);

// NAME is for the image's server, NAME.HOST or NAME.HOST-PORT for that one; colons of an IPv6 address are
// written '-', since the name of a credential has none. The URL's own userinfo comes before all of them.
[[nodiscard]] Credentials credentialsFor(const Url& url, const Url& image, const Credentials& all);

// For each URL of the request: the image's, the mirrors', and the list's where there is one. Whoever is given
// these has no others.
[[nodiscard]] std::vector<Credentials> credentialsFor(const TransferRequest& request, const Credentials& all);

} // namespace bootferry
