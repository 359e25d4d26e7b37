// SPDX-License-Identifier: LGPL-2.1-or-later
// Transfers are served by one fallback vtable and an enumerator instead of being registered one by one, so
// that a late connection has them all. A connection that is not ready yet gets no signals: sd-bus would queue
// them until the bus appears, which may never happen.
#include "bus_objects.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "event_loop.h"
#include "transfer_interface.h"
#include "transfer_properties.h"

namespace bootferry {
namespace {

constexpr std::uint64_t messagesKept = 64; // for a client that does not read, beyond its socket's buffer

} // namespace

std::uint64_t unsentMessages(sd_bus* bus) {
    std::uint64_t waiting = 0;
    return sd_bus_get_n_queued_write(bus, &waiting) >= 0 ? waiting : 0;
}

bool fellBehind(sd_bus* bus) {
    return unsentMessages(bus) > messagesKept;
}

BusObjects::BusObjects(sd_event* event, Manager& manager)
    : event_(event), manager_(manager), interface_{.manager = manager,
                                                   .plugins = PluginListing(event, manager.settings().program,
                                                                            manager.settings().pluginDir)} {
    manager_.setListener(*this);
}

BusObjects::~BusObjects() = default;

void BusObjects::attach(sd_bus* bus) {
    // The slots are floating: sd-bus frees them with the connection.
    constexpr const char* what = "serving D-Bus objects";
    checkSd(sd_bus_add_filter(bus, nullptr, onMessage, this), what);
    checkSd(sd_bus_add_object_manager(bus, nullptr, managerPath), what);
    checkSd(
        sd_bus_add_object_vtable(bus, nullptr, managerPath, managerInterface, managerVtable(), &interface_),
        what);
    checkSd(sd_bus_add_fallback_vtable(bus, nullptr, transferPrefix, transferInterface, transferVtable(),
                                       findTransfer, this),
            what);
    checkSd(sd_bus_add_node_enumerator(bus, nullptr, transferPrefix, listNodes, this), what);
}

void BusObjects::sendSignals(sd_bus* bus) {
    connections_.push_back(bus);
}

void BusObjects::detach(sd_bus* bus) {
    connections_.erase(std::remove(connections_.begin(), connections_.end(), bus), connections_.end());
}

// A signal that cannot be sent is ignored: a lost connection is reported by Disconnected.
template <typename Emit>
void BusObjects::toAll(Emit emit) {
    for (auto* bus : connections_) {
        if (sd_bus_is_ready(bus) > 0) {
            (void)emit(bus);
        }
    }
}

void BusObjects::transferNew(Transfer& transfer) {
    auto& reported = reported_[transfer.id()];
    reported.status = transfer.status();
    reported.pace.sent(SignalPace::Time::clock::now());
    const auto path = transferPath(transfer.id());
    toAll([&](sd_bus* bus) {
        (void)sd_bus_emit_object_added(bus, path.c_str());
        return sd_bus_emit_signal(bus, managerPath, managerInterface, "TransferNew", "uo", transfer.id(),
                                  path.c_str());
    });
}

void BusObjects::transferChanged(Transfer& transfer) {
    const auto found = reported_.find(transfer.id());
    if (found == reported_.end()) {
        return; // not announced yet
    }
    auto& reported = found->second;
    const bool newState = reported.status.state != transfer.status().state;
    if (reported.pace.maySend(SignalPace::Time::clock::now(), newState)) {
        sendChanges(transfer, reported);
    } else {
        sendChangesAt(reported.pace.due());
    }
}

void BusObjects::transferEnded(Transfer& transfer) {
    lastUse_ = SignalPace::Time::clock::now();
    sendChanges(transfer, reported_[transfer.id()]);
    const auto path = transferPath(transfer.id());
    const std::string result(stateName(transfer.status().state));
    toAll([&](sd_bus* bus) {
        return sd_bus_emit_signal(bus, managerPath, managerInterface, "TransferEnded", "uos", transfer.id(),
                                  path.c_str(), result.c_str());
    });
}

void BusObjects::transferForgotten(Transfer& transfer) {
    reported_.erase(transfer.id());
    const auto path = transferPath(transfer.id());
    toAll([&](sd_bus* bus) { return sd_bus_emit_object_removed(bus, path.c_str()); });
}

void BusObjects::sendChanges(const Transfer& transfer, Reported& reported) {
    const auto before = std::exchange(reported.status, transfer.status());
    if (before == reported.status) {
        return;
    }
    reported.pace.sent(SignalPace::Time::clock::now());
    // One message for all connections: building it costs more than sending it.
    const auto path = transferPath(transfer.id());
    BusMessageHandle message;
    toAll([&](sd_bus* bus) {
        if (!message) {
            message = propertiesChanged(bus, path, before, reported.status);
        }
        return message ? sd_bus_send(bus, message.get(), nullptr) : -ENOMEM;
    });
}

// One timer for all transfers: it fires when the first of them is due.
void BusObjects::sendChangesAt(SignalPace::Time due) {
    if (signalTimer_) {
        return;
    }
    const auto wait = std::max(due - SignalPace::Time::clock::now(), SignalPace::Time::duration::zero());
    signalTimer_ = startTimer(event_, std::chrono::ceil<std::chrono::microseconds>(wait), onSignalDue, this,
                              "scheduling a signal", std::chrono::microseconds(1));
}

int BusObjects::onSignalDue(sd_event_source*, std::uint64_t, void* userdata) {
    auto& self = *static_cast<BusObjects*>(userdata);
    self.signalTimer_.reset();
    for (const auto& [id, transfer] : self.manager_.transfers()) {
        self.transferChanged(*transfer); // rearms the timer for transfers that are not due yet
    }
    return 0;
}

int BusObjects::onMessage(sd_bus_message*, void* userdata, sd_bus_error*) {
    static_cast<BusObjects*>(userdata)->lastUse_ = SignalPace::Time::clock::now();
    return 0;
}

int BusObjects::findTransfer(sd_bus*, const char* path, const char*, void* userdata, void** found,
                             sd_bus_error*) {
    const auto id = transferIdOf(path);
    *found = id ? static_cast<BusObjects*>(userdata)->manager_.find(*id) : nullptr;
    return *found != nullptr ? 1 : 0;
}

// sd-bus frees the array and the strings with free(3).
int BusObjects::listNodes(sd_bus*, const char*, void* userdata, char*** nodes, sd_bus_error*) {
    const auto& transfers = static_cast<BusObjects*>(userdata)->manager_.transfers();
    auto** list = static_cast<char**>(std::calloc(transfers.size() + 1, sizeof(char*)));
    if (list == nullptr) {
        return -ENOMEM;
    }
    auto** next = list;
    for (const auto& [id, transfer] : transfers) {
        *next++ = ::strdup(transferPath(id).c_str());
    }
    *nodes = list;
    return 0;
}

} // namespace bootferry
