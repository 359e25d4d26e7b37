// SPDX-License-Identifier: LGPL-2.1-or-later
#include "name_resolver.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>

#include <netdb.h>
#include <resolv.h>

#include "event.h"
#include "threads.h"

namespace bootferry::plugin {
namespace {

Resolution ask(const std::string& name, Family family, int flags) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags;
    hints.ai_family = family == Family::Ipv4 ? AF_INET : family == Family::Ipv6 ? AF_INET6 : AF_UNSPEC;
    addrinfo* raw = nullptr;
    Resolution resolution;
    resolution.error = ::getaddrinfo(name.c_str(), nullptr, &hints, &raw);
    if (resolution.error != 0) {
        resolution.systemError = resolution.error == EAI_SYSTEM ? errno : 0;
        return resolution;
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> list(raw, &::freeaddrinfo);
    for (const auto* entry = list.get(); entry != nullptr; entry = entry->ai_next) {
        auto& endpoint = resolution.endpoints.emplace_back();
        endpoint.length = std::min<socklen_t>(entry->ai_addrlen, sizeof endpoint.address);
        std::memcpy(&endpoint.address, entry->ai_addr, endpoint.length);
    }
    return resolution;
}

void shortenPatience() {
    // The thread's resolver state; glibc honours changes to it.
    if (::res_init() == 0) {
        _res.retrans = 1;
        _res.retry = 1;
    }
}

} // namespace

std::vector<Endpoint> Resolution::at(std::uint16_t port) const {
    auto result = endpoints;
    for (auto& endpoint : result) {
        endpoint.setPort(port);
    }
    return result;
}

std::string Resolution::errorText() const {
    return systemError != 0 ? std::generic_category().message(systemError) : ::gai_strerror(error);
}

const Resolution& NameResolver::resolve(const std::string& name, Waiter& waiter) {
    auto& known = known_[name];
    if (known.endpoints.empty()) {
        known = ask(name, family_, AI_NUMERICHOST);
    }
    if (known.endpoints.empty()) {
        known = lookUp(name, waiter);
    }
    return known;
}

Resolution NameResolver::lookUp(const std::string& name, Waiter& waiter) const {
    struct Lookup {
        Resolution resolution; // owned by the thread until it raises `done`
        Event done;
    };
    const auto lookup = std::make_shared<Lookup>(); // the wait may end before the thread does
    auto thread = startThread([lookup, name, family = family_, brief = patience_ == Patience::Brief] {
        if (brief) {
            shortenPatience();
        }
        lookup->resolution = ask(name, family, AI_ADDRCONFIG);
        lookup->done.raise();
    });
    try {
        (void)waiter.wait(lookup->done.fd(), POLLIN);
    } catch (...) {
        thread.detach();
        throw;
    }
    thread.join();
    return std::move(lookup->resolution);
}

} // namespace bootferry::plugin
