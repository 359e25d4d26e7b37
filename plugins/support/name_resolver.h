// SPDX-License-Identifier: LGPL-2.1-or-later
// Resolves names in a wait that can end early: by a cancel, a deadline or an interruption. getaddrinfo(3)
// cannot be interrupted, so it runs in a thread of its own. A wait that ends early leaves the thread behind;
// it shares only the place for the answer, and ends by itself when the name servers' time is up. A module
// that uses this is therefore linked with -z nodelete.
//
// This is the only such wait in the tree: bootferry_host.resolve uses it (core/plugin/name_lookup.h), and so
// do our own plugins if they have to watch more than a cancel meanwhile.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "endpoint.h"
#include "waiter.h"

namespace bootferry::plugin {

struct Resolution {
    std::vector<Endpoint> endpoints; // without a port, in the order of RFC 6724
    int error = 0;                   // if there are none: EAI_… of getaddrinfo(3)
    int systemError = 0;             // the errno behind EAI_SYSTEM

    [[nodiscard]] std::vector<Endpoint> at(std::uint16_t port) const; // the endpoints, with this port
    [[nodiscard]] std::string errorText() const;                      // of gai_strerror(3) or the errno
};

class NameResolver {
public:
    // How long name servers may take.
    enum class Patience {
        Brief, // one second each, one try
        Usual, // as in resolv.conf(5), up to half a minute
    };

    NameResolver(Family family, Patience patience) : family_(family), patience_(patience) {}
    NameResolver(const NameResolver&) = delete;
    NameResolver& operator=(const NameResolver&) = delete;
    ~NameResolver() = default;

    // A numeric address is returned at once. Addresses found are cached, failures are not. Valid until the
    // next call. Throws what the waiter throws.
    [[nodiscard]] const Resolution& resolve(const std::string& name, Waiter& waiter);

private:
    [[nodiscard]] Resolution lookUp(const std::string& name, Waiter& waiter) const;

    Family family_;
    Patience patience_;
    std::map<std::string, Resolution> known_;
};

} // namespace bootferry::plugin
