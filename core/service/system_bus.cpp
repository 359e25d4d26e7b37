// SPDX-License-Identifier: LGPL-2.1-or-later
// With sd_bus_set_watch_bind(3), sd-bus itself waits for the socket to appear, by inotify.
#include "system_bus.h"

#include <spdlog/fmt/fmt.h>

#include "bus_names.h"
#include "log.h"

namespace bootferry {
namespace {

constexpr std::uint64_t reconnectUSec = 2'000'000;

} // namespace

SystemBus::SystemBus(sd_event* event, std::string address, BusObjects& objects)
    : event_(event), address_(std::move(address)), objects_(objects) {
    rounds_ = makeHandle<EventSourceHandle>(
        [&](sd_event_source** source) { return sd_event_add_post(event_, source, onRound, this); },
        "watching the system bus");
    connect();
}

SystemBus::~SystemBus() {
    disconnect();
}

void SystemBus::connect() noexcept {
    try {
        connectOrThrow();
    } catch (const Error& error) {
        logDebug(fmt::format("{}, ignoring", error.what()));
        disconnect();
        connectLater();
    }
}

void SystemBus::connectOrThrow() {
    constexpr const char* what = "connecting to the system bus";
    bus_ = makeHandle<UnflushedBusHandle>([](sd_bus** bus) { return sd_bus_new(bus); }, what);
    checkSd(sd_bus_set_address(bus_.get(), address_.c_str()), what);
    checkSd(sd_bus_set_bus_client(bus_.get(), 1), what);
    checkSd(sd_bus_set_watch_bind(bus_.get(), 1), what);
    objects_.attach(bus_.get());
    objects_.sendSignals(bus_.get()); // once the bus is ready
    checkSd(sd_bus_start(bus_.get()), what);
    checkSd(sd_bus_attach_event(bus_.get(), event_, SD_EVENT_PRIORITY_NORMAL), what);
    checkSd(sd_bus_match_signal_async(bus_.get(), nullptr, "org.freedesktop.DBus.Local",
                                      "/org/freedesktop/DBus/Local", "org.freedesktop.DBus.Local",
                                      "Disconnected", onDisconnected, nullptr, this),
            what);
    // An image on demand has a service that keeps the name until all of it has arrived.
    checkSd(sd_bus_request_name_async(bus_.get(), nullptr, busName, SD_BUS_NAME_QUEUE, onName, this), what);
}

void SystemBus::disconnect() {
    if (bus_) {
        objects_.detach(bus_.get());
        bus_.reset();
    }
}

void SystemBus::connectLater() {
    sd_event_source* source = nullptr;
    if (sd_event_add_time_relative(event_, &source, CLOCK_MONOTONIC, reconnectUSec, 0, onReconnect, this) >=
        0) {
        timer_.reset(source);
    }
}

int SystemBus::onRound(sd_event_source*, void* userdata) {
    auto& self = *static_cast<SystemBus*>(userdata);
    if (self.bus_ && fellBehind(self.bus_.get())) {
        logWarning("the system bus does not read: disconnecting for now");
        self.disconnect();
        self.connectLater();
    }
    return 0;
}

int SystemBus::onReconnect(sd_event_source*, std::uint64_t, void* userdata) {
    auto& self = *static_cast<SystemBus*>(userdata);
    self.disconnect();
    self.connect();
    return 0;
}

// Called by the connection itself, so the timer takes it down.
int SystemBus::onDisconnected(sd_bus_message*, void* userdata, sd_bus_error*) {
    static_cast<SystemBus*>(userdata)->connectLater();
    return 0;
}

void SystemBus::releaseName(std::function<void()> released) {
    released_ = std::move(released);
    if (!bus_ || sd_bus_is_ready(bus_.get()) <= 0 ||
        sd_bus_release_name_async(bus_.get(), nullptr, busName, onReleased, this) < 0) {
        released_();
    }
}

int SystemBus::onReleased(sd_bus_message*, void* userdata, sd_bus_error*) {
    static_cast<SystemBus*>(userdata)->released_();
    return 0;
}

int SystemBus::onName(sd_bus_message* message, void*, sd_bus_error*) {
    if (const auto* error = sd_bus_message_get_error(message)) {
        logWarning(fmt::format("requesting the name org.bootferry1 from the system bus: {}, ignoring",
                               error->message != nullptr ? error->message : error->name));
    }
    return 0;
}

} // namespace bootferry
