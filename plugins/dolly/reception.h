// SPDX-License-Identifier: LGPL-2.1-or-later
// Listens on both ports until a peer connects that is allowed to send, lists this machine, and has opened its
// data connections. All peers are read in parallel, for a limited time. A rejected peer is logged with the
// reason, and the ports stay open, so that a user can correct the command line and restart the server.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "greeting.h"
#include "name_resolver.h"
#include "settings.h"
#include "sockets.h"

namespace bootferry::dolly {

using plugin::NameResolver;

// The accepted peer that sends to this node.
struct Predecessor {
    Descriptor control;
    std::vector<Descriptor> data; // one per interface, in the order of the dollytab
    HostAddress peer;
    Generation generation = Generation::Classic;
    bool passwordUsed = false;
    Dollytab tab;
    std::size_t place = 0; // the position of this machine in the list

    [[nodiscard]] const std::string& ownName() const { return tab.hosts[place]; }
};

class Reception {
public:
    // server: the URL's host, whose connections are accepted even if it is not in the list.
    Reception(const plugin::Host& host, const Settings& settings, std::string server, NameResolver& resolver,
              Waiter& waiter);

    // Throws plugin::Failure: cancelled, the start timeout passed, or a port is in use.
    [[nodiscard]] Predecessor receive();

private:
    struct Candidate {
        Connection connection;
        Greeting greeting;
        std::optional<Waiter::Clock::time_point> deadline; // set at its first octet
        std::optional<Predecessor> admitted;               // still without its data connections
    };

    void acceptAll();
    void receiveFrom(Candidate& candidate);
    void admit(Candidate& candidate);
    [[nodiscard]] bool mayConnect(const HostAddress& peer, const Dollytab& tab);
    [[nodiscard]] bool resolvesToAny(const std::string& name, const std::vector<HostAddress>& hosts);
    [[nodiscard]] std::optional<std::size_t> placeIn(const Dollytab& tab);
    // True: all data connections were accepted and are now the predecessor's.
    bool takeData(Predecessor& predecessor);
    [[nodiscard]] std::optional<Descriptor> takeNewestData(const HostAddress& peer);
    void takeNumberedData(Predecessor& predecessor);
    void dropDeadData();
    void reject(const Candidate& candidate, const plugin::Failure& why);
    void poll();

    const plugin::Host& host_;
    const Settings& settings_;
    std::string server_;
    NameResolver& resolver_;
    Waiter& waiter_;
    std::string waitingText_;
    Waiter::Clock::time_point startUntil_;
    Descriptor control_;
    Descriptor data_;
    std::deque<Candidate> candidates_;
    std::deque<Connection> waitingData_; // accepted, and not yet assigned to a peer
    std::string lastRejection_;
};

} // namespace bootferry::dolly
