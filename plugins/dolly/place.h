// SPDX-License-Identifier: LGPL-2.1-or-later
// Where in the server's list this machine stands. dolly looks for its own IPv4 addresses, spelled as it would
// spell them, and for what the environment calls the host; an initrd often has no name yet, so that here the
// list's names may also be resolved to one of the machine's addresses.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "dollytab.h"
#include "sockets.h"

namespace bootferry::dolly {

struct OwnNames {
    std::string option; // as the user named this node; wins over everything else
    std::string host;   // gethostname(2)
    std::vector<HostAddress> addresses;

    [[nodiscard]] bool hasAddress(const HostAddress& address) const;
};

// By what the list says, without asking anybody. Pure.
[[nodiscard]] std::optional<std::size_t> findPlace(const Dollytab& tab, const OwnNames& own,
                                                   bool hyphenIsNormal);

[[nodiscard]] std::string hostName();

} // namespace bootferry::dolly
