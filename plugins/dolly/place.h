// SPDX-License-Identifier: LGPL-2.1-or-later
// Finds this machine in the server's list. dolly compares the list with its own IPv4 addresses, as text, and
// with $HOSTNAME. An initrd often has no host name yet, so the list's names are also resolved and compared
// with the machine's addresses.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "dollytab.h"
#include "sockets.h"

namespace bootferry::dolly {

struct OwnNames {
    std::string option; // the user's name for this node; takes precedence
    std::string host;   // gethostname(2)
    std::vector<HostAddress> addresses;

    [[nodiscard]] bool hasAddress(const HostAddress& address) const;
};

// Compares names and addresses literally, without a lookup. Pure.
[[nodiscard]] std::optional<std::size_t> findPlace(const Dollytab& tab, const OwnNames& own,
                                                   bool hyphenIsNormal);

[[nodiscard]] std::string hostName();

} // namespace bootferry::dolly
