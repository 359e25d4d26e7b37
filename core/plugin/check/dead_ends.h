// SPDX-License-Identifier: LGPL-2.1-or-later
// Two ports on loopback to which no connection leads, for as long as this lives: one where it is refused, as
// by a server that is not started yet, and one where it is never answered, as behind a firewall that drops
// packets.
#pragma once

#include <string>
#include <vector>

#include "handles.h"
#include "url.h"

namespace bootferry {

class DeadEnds {
public:
    explicit DeadEnds(const Url& url); // of the resource. Throws Error.

    // The resource's URL with these ports.
    [[nodiscard]] const std::string& refused() const { return refused_; }
    [[nodiscard]] const std::string& unanswered() const { return unanswered_; }

private:
    std::string refused_;
    std::string unanswered_;
    std::vector<UniqueFd> sockets_;
};

} // namespace bootferry
