// SPDX-License-Identifier: LGPL-2.1-or-later
// Resolves names in a wait that can be cancelled. getaddrinfo(3) cannot be interrupted, so it runs in a
// thread of its own, which shares only the place for the answer with the session.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "endpoint.h"
#include "waiter.h"

namespace bootferry::plugin {

struct Resolution {
    std::vector<Endpoint> endpoints; // without a port, in the order of RFC 6724
    int error = 0;                   // if there are none: EAI_… of getaddrinfo(3)
    int systemError = 0;             // the errno behind EAI_SYSTEM

    [[nodiscard]] std::vector<Endpoint> at(std::uint16_t port) const; // the endpoints, with this port
    [[nodiscard]] std::string errorText() const;                      // of gai_strerror(3)
};

class NameResolver {
public:
    // How long name servers may take, and what happens to the thread of a lookup that a Failure interrupts.
    enum class Patience {
        Brief, // one second each, one try; the destructor joins the thread
        Usual, // as in resolv.conf(5), up to half a minute. The thread is detached, and a module that uses
               // this is linked with -z nodelete
    };

    NameResolver(Family family, Patience patience) : family_(family), patience_(patience) {}
    NameResolver(const NameResolver&) = delete;
    NameResolver& operator=(const NameResolver&) = delete;
    ~NameResolver();

    // A numeric address is returned at once. Addresses found are cached, failures are not. Valid until the
    // next call. Throws what the waiter throws.
    [[nodiscard]] const Resolution& resolve(const std::string& name, Waiter& waiter);

private:
    [[nodiscard]] Resolution lookUp(const std::string& name, Waiter& waiter);
    void release();

    Family family_;
    Patience patience_;
    std::map<std::string, Resolution> known_;
    std::thread thread_;
};

} // namespace bootferry::plugin
