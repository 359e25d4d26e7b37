// SPDX-License-Identifier: LGPL-2.1-or-later
#include "name_resolver.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include <netdb.h>
#include <resolv.h>

#include "event.h"
#include "threads.h"

namespace bootferry::dolly {
namespace {

std::vector<Endpoint> lookUp(const std::string& name, Family family, bool numeric) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = numeric ? AI_NUMERICHOST : AI_ADDRCONFIG;
    hints.ai_family = family == Family::Ipv4 ? AF_INET : family == Family::Ipv6 ? AF_INET6 : AF_UNSPEC;
    addrinfo* raw = nullptr;
    if (::getaddrinfo(name.c_str(), nullptr, &hints, &raw) != 0) {
        return {};
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> list(raw, &::freeaddrinfo);
    std::vector<Endpoint> endpoints;
    for (const auto* entry = list.get(); entry != nullptr; entry = entry->ai_next) {
        auto& endpoint = endpoints.emplace_back();
        endpoint.length = std::min<socklen_t>(entry->ai_addrlen, sizeof endpoint.address);
        std::memcpy(&endpoint.address, entry->ai_addr, endpoint.length);
    }
    return endpoints;
}

void shortenPatience() {
    // A thread's own resolver state; glibc looks whether it was changed.
    if (::res_init() == 0) {
        _res.retrans = 1;
        _res.retry = 1;
    }
}

} // namespace

Resolver::~Resolver() {
    join();
}

void Resolver::join() {
    if (thread_.joinable()) {
        thread_.join();
    }
}

std::vector<Endpoint> Resolver::resolve(const std::string& name, Waiter& waiter) {
    if (const auto found = known_.find(name); found != known_.end()) {
        return found->second;
    }
    auto endpoints = lookUp(name, family_, true);
    if (endpoints.empty()) {
        struct Answer {
            std::vector<Endpoint> endpoints;
            Event done;
        };
        const auto answer = std::make_shared<Answer>(); // the wait may end before the thread does
        join();
        thread_ = startThread([answer, name, family = family_] {
            shortenPatience();
            answer->endpoints = lookUp(name, family, false);
            answer->done.raise();
        });
        (void)waiter.wait(answer->done.fd(), POLLIN);
        join();
        endpoints = std::move(answer->endpoints);
    }
    if (!endpoints.empty()) {
        known_[name] = endpoints;
    }
    return endpoints;
}

bool Resolver::resolvesTo(const std::string& name, const HostAddress& host, Waiter& waiter) {
    const auto endpoints = resolve(name, waiter);
    return std::any_of(endpoints.begin(), endpoints.end(),
                       [&](const Endpoint& endpoint) { return endpoint.host() == host; });
}

} // namespace bootferry::dolly
