// SPDX-License-Identifier: LGPL-2.1-or-later
// D-Bus without a broker: a socket on which each client has a direct connection. The few broker calls that
// clients make on connecting are answered here, so that `busctl --address=unix:path=/run/bootferry/private`
// and other ordinary clients work unchanged; signals go to every client, which filters them itself. A client
// that does not read is disconnected, and no user but root can occupy all connections.
#pragma once

#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <string>

#include "bus_objects.h"
#include "handles.h"

namespace bootferry {

class PrivateBus {
public:
    // Takes over a listening stream socket. `event` and `objects` must outlive the object.
    PrivateBus(sd_event* event, UniqueFd socket, BusObjects& objects);
    ~PrivateBus();
    PrivateBus(const PrivateBus&) = delete;
    PrivateBus& operator=(const PrivateBus&) = delete;

    // A listening socket, for a start without socket activation; replaces what exists at path.
    [[nodiscard]] static UniqueFd listen(const std::string& path);

    void stopListening(); // clients that connect from now on wait for the next service
    [[nodiscard]] bool hasClients() const { return !connections_.empty(); }

private:
    class Connection;
    static int onConnection(sd_event_source* source, int fd, std::uint32_t events, void* userdata);
    static int onClients(sd_event_source* source, int fd, std::uint32_t events, void* userdata);
    static int onMoreOfClients(sd_event_source* source, void* userdata);
    static int onRound(sd_event_source* source, void* userdata);
    void accept();
    void serveClients();
    [[nodiscard]] bool hasRoomFor(uid_t user) const;
    void logRefusal(uid_t user);

    sd_event* event_;
    // One loop for all connections, a single descriptor in the service's loop: otherwise each iteration of
    // the service's loop would query every connection.
    EventHandle clients_;
    UniqueFd socket_;
    BusObjects& objects_;
    std::uint64_t lastName_ = 0;
    std::uint64_t refusals_ = 0;
    std::chrono::steady_clock::time_point refusalLogged_;
    std::list<std::unique_ptr<Connection>> connections_;
    EventSourceHandle listening_;
    EventSourceHandle clientsReady_;
    EventSourceHandle moreOfClients_;
    EventSourceHandle rounds_;
};

} // namespace bootferry
