// SPDX-License-Identifier: LGPL-2.1-or-later
// The transfers as D-Bus objects, the same on every connection: org.bootferry1.Manager at /org/bootferry1 and
// org.bootferry1.Transfer at /org/bootferry1/transfer/_N, and the signals that tell of them. Nothing waits
// for a client: what cannot be sent at once is kept by its connection, and a connection that keeps too much
// is given up by its owner (fellBehind()). Described in org.bootferry1(5).
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <vector>

#include "manager.h"
#include "manager_interface.h"
#include "signal_pace.h"

namespace bootferry {

// Messages that wait for the other side to read.
[[nodiscard]] std::uint64_t unsentMessages(sd_bus* bus);

// Do so many wait that it must have stopped?
[[nodiscard]] bool fellBehind(sd_bus* bus);

class BusObjects : private ManagerListener {
public:
    // Both must outlive the object, and the object all connections.
    BusObjects(sd_event* event, Manager& manager);
    ~BusObjects() override;

    // Serves the objects on a connection, and sends its signals there until it is detached.
    void attach(sd_bus* bus);
    void detach(sd_bus* bus);

    // When somebody last asked for anything, or a transfer ended.
    [[nodiscard]] SignalPace::Time lastUse() const { return lastUse_; }

private:
    // What the signals have told so far of a transfer.
    struct Told {
        TransferStatus status;
        SignalPace pace;
    };

    void transferNew(Transfer& transfer) override;
    void transferChanged(Transfer& transfer) override;
    void transferEnded(Transfer& transfer) override;
    void transferForgotten(Transfer& transfer) override;

    void tell(const Transfer& transfer, Told& told);
    void tellAt(SignalPace::Time due);
    static int onTellDue(sd_event_source* source, std::uint64_t time, void* userdata);

    static int onAsked(sd_bus_message* message, void* userdata, sd_bus_error* error);
    static int findTransfer(sd_bus* bus, const char* path, const char* interface, void* userdata,
                            void** found, sd_bus_error* error);
    static int listNodes(sd_bus* bus, const char* prefix, void* userdata, char*** nodes, sd_bus_error* error);

    template <typename Emit>
    void toAll(Emit emit);

    sd_event* event_;
    Manager& manager_;
    ManagerInterface interface_;
    std::vector<sd_bus*> connections_; // borrowed
    std::map<std::uint32_t, Told> told_;
    EventSourceHandle tellTimer_; // there while something is held back
    SignalPace::Time lastUse_ = SignalPace::Time::clock::now();
};

} // namespace bootferry
