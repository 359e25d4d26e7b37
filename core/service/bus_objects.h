// SPDX-License-Identifier: LGPL-2.1-or-later
// The transfers as D-Bus objects, the same on every connection: org.bootferry1.Manager at /org/bootferry1 and
// org.bootferry1.Transfer at /org/bootferry1/transfer/_N. Reading is for everyone, acting for root and for
// the user the service runs as. The interfaces are described in docs/dbus.md.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "manager.h"
#include "plugin_listing.h"

namespace bootferry {

class BusObjects : private ManagerListener {
public:
    // Both must outlive the object, and the object all connections.
    BusObjects(sd_event* event, Manager& manager);
    ~BusObjects() override;

    // Serves the objects on a connection, and sends its signals there until it is detached.
    void attach(sd_bus* bus);
    void detach(sd_bus* bus);

private:
    using Clock = std::chrono::steady_clock;

    // What the signals have told so far of a transfer.
    struct Told {
        TransferStatus status;
        Clock::time_point when;
    };

    void transferNew(Transfer& transfer) override;
    void transferChanged(Transfer& transfer) override;
    void transferEnded(Transfer& transfer) override;
    void transferForgotten(Transfer& transfer) override;

    void tell(const Transfer& transfer);
    void tellLater();
    static int onTellDue(sd_event_source* source, std::uint64_t time, void* userdata);

    static const sd_bus_vtable managerVtable[];
    static const sd_bus_vtable transferVtable[];
    static int findTransfer(sd_bus* bus, const char* path, const char* interface, void* userdata,
                            void** found, sd_bus_error* error);
    static int listNodes(sd_bus* bus, const char* prefix, void* userdata, char*** nodes, sd_bus_error* error);

    static int onStartTransfer(sd_bus_message* message, void* userdata, sd_bus_error* error);
    static int onCancelTransfer(sd_bus_message* message, void* userdata, sd_bus_error* error);
    static int onListTransfers(sd_bus_message* message, void* userdata, sd_bus_error* error);
    static int onListPlugins(sd_bus_message* message, void* userdata, sd_bus_error* error);
    static int onCancel(sd_bus_message* message, void* userdata, sd_bus_error* error);

    sd_event* event_;
    Manager& manager_;
    PluginListing plugins_;
    std::vector<sd_bus*> connections_; // borrowed
    std::map<std::uint32_t, Told> told_;
    EventSourceHandle tellTimer_;
    bool tellDue_ = false;
};

} // namespace bootferry
