// SPDX-License-Identifier: LGPL-2.1-or-later
// D-Bus without a broker: a socket on which every client is spoken to directly. The few calls with which a
// client greets a broker are answered here, so that `busctl --address=unix:path=/run/bootferry/private` and
// other ordinary clients work unchanged; signals go to every client, which filters them itself. A client that
// does not read is disconnected, and nobody can take all the places there are.
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

    // A listening socket of our own, where systemd gave none; what lies at path is replaced.
    [[nodiscard]] static UniqueFd listen(const std::string& path);

    void stopListening(); // who connects then waits for whoever takes the socket over
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
    void tellRefusal(uid_t user);

    sd_event* event_;
    // The connections have a loop of their own, one descriptor for the service's: a round of that one does
    // not ask each of them anew what it waits for.
    EventHandle clients_;
    UniqueFd socket_;
    BusObjects& objects_;
    std::uint64_t lastName_ = 0;
    std::uint64_t refusals_ = 0;
    std::chrono::steady_clock::time_point refusalTold_;
    std::list<std::unique_ptr<Connection>> connections_;
    EventSourceHandle listening_;
    EventSourceHandle clientsReady_;
    EventSourceHandle moreOfClients_;
    EventSourceHandle rounds_;
};

} // namespace bootferry
