// SPDX-License-Identifier: LGPL-2.1-or-later
// The transfers as D-Bus objects, the same on every connection: org.bootferry1.Manager at /org/bootferry1,
// org.bootferry1.Transfer at /org/bootferry1/transfer/_N, and their signals. The service never waits for a
// client: what cannot be sent at once is queued on the connection, and the connection's owner closes it when
// the queue grows too long (fellBehind()). Described in org.bootferry1(5).
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <vector>

#include "manager.h"
#include "manager_interface.h"
#include "signal_pace.h"

namespace bootferry {

// Messages queued because the peer has not read yet.
[[nodiscard]] std::uint64_t unsentMessages(sd_bus* bus);

// Whether the queue is so long that the peer must have stopped reading.
[[nodiscard]] bool fellBehind(sd_bus* bus);

class BusObjects : private ManagerListener {
public:
    // `event` and `manager` must outlive the object; the object must outlive all connections.
    BusObjects(sd_event* event, Manager& manager);
    ~BusObjects() override;

    // Serves the objects on a connection.
    void attach(sd_bus* bus);
    // Sends signals there from now on, until it is detached. Not before the answer to Hello: a client library
    // closes a connection on which anything else comes first.
    void sendSignals(sd_bus* bus);
    void detach(sd_bus* bus);

    // When a client last sent a message, or a transfer last ended.
    [[nodiscard]] SignalPace::Time lastUse() const { return lastUse_; }

private:
    // What the signals have reported of a transfer so far.
    struct Reported {
        TransferStatus status;
        SignalPace pace;
    };

    void transferNew(Transfer& transfer) override;
    void transferChanged(Transfer& transfer) override;
    void transferEnded(Transfer& transfer) override;
    void transferForgotten(Transfer& transfer) override;

    void sendChanges(const Transfer& transfer, Reported& reported);
    void sendChangesAt(SignalPace::Time due);
    static int onSignalDue(sd_event_source* source, std::uint64_t time, void* userdata);

    static int onMessage(sd_bus_message* message, void* userdata, sd_bus_error* error);
    static int findTransfer(sd_bus* bus, const char* path, const char* interface, void* userdata,
                            void** found, sd_bus_error* error);
    static int listNodes(sd_bus* bus, const char* prefix, void* userdata, char*** nodes, sd_bus_error* error);

    template <typename Emit>
    void toAll(Emit emit);

    sd_event* event_;
    Manager& manager_;
    ManagerInterface interface_;
    std::vector<sd_bus*> connections_; // borrowed
    std::map<std::uint32_t, Reported> reported_;
    EventSourceHandle signalTimer_; // set while a signal is held back
    SignalPace::Time lastUse_ = SignalPace::Time::clock::now();
};

} // namespace bootferry
