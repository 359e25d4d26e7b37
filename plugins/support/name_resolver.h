// SPDX-License-Identifier: LGPL-2.1-or-later
// Names to addresses, without letting go of the cancel: getaddrinfo(3) cannot be interrupted, so that it runs
// in a thread. The thread is joined when the resolver goes; its patience with name servers is cut short for
// that (a second, one try), and longer patience is the host's, who tries again.
#pragma once

#include <map>
#include <string>
#include <thread>
#include <vector>

#include "sockets.h"
#include "waiter.h"

namespace bootferry::dolly {

class Resolver {
public:
    explicit Resolver(Family family) : family_(family) {}
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;
    ~Resolver();

    // Empty: it has none, or nobody could be asked. Answers are kept, failures are not.
    [[nodiscard]] std::vector<Endpoint> resolve(const std::string& name, Waiter& waiter);
    [[nodiscard]] bool resolvesTo(const std::string& name, const HostAddress& host, Waiter& waiter);

private:
    void join();

    Family family_;
    std::map<std::string, std::vector<Endpoint>> known_;
    std::thread thread_;
};

} // namespace bootferry::dolly
