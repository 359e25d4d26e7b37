// SPDX-License-Identifier: LGPL-2.1-or-later
// The client side of bootferryd's D-Bus interface, for bootferryctl and the splash screen: method calls as
// functions, and transfers as values that its signals keep up to date. Calls block, until the patience ends;
// the event loop dispatches signals. One thread.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "handles.h"
#include "service_connection.h"
#include "transfer_request.h"
#include "transfer_status.h"

namespace bootferry {

struct PluginView {
    std::string name;
    std::string version;
    std::vector<std::string> schemes;
};

class ServiceClient {
public:
    using Changed = std::function<void(const TransferStatus&)>;
    using Lost = std::function<void()>;

    // The longest time to wait for the connection and for each answer: as long as D-Bus's own default, for a
    // person; longer where a boot depends on it.
    static constexpr std::chrono::seconds forPeople{25};
    static constexpr std::chrono::seconds forBoot{90};

    // Throws NoService (no_service.h) if there is none. `event` must outlive the object.
    explicit ServiceClient(sd_event* event, std::chrono::seconds patience = forPeople);
    // The service that listens on the private socket at this path, and no other.
    ServiceClient(sd_event* event, const std::string& socketPath, std::chrono::seconds patience = forPeople);

    // These throw Error with the service's code and text.
    [[nodiscard]] std::uint32_t start(const TransferRequest& request);
    // patience: by default that of all calls.
    void cancel(std::uint32_t id, std::optional<std::chrono::seconds> patience = std::nullopt);
    [[nodiscard]] std::vector<TransferStatus>
    transfers(std::optional<std::chrono::seconds> patience = std::nullopt);
    [[nodiscard]] std::vector<PluginView> plugins();

    // From now on calls changed() for every change of a transfer, and lost() when the service has gone.
    void watch(Changed changed, Lost lost);

private:
    ServiceClient(sd_event* event, ServiceConnection connection, std::chrono::seconds patience);
    [[nodiscard]] BusMessageHandle newCall(const char* path, const char* interface, const char* member);
    [[nodiscard]] BusMessageHandle call(sd_bus_message* message);
    BusMessageHandle callAsRoot(sd_bus_message* message, const char* act, const char* verb,
                                std::chrono::seconds patience);
    [[nodiscard]] BusMessageHandle call(sd_bus_message* message, std::chrono::seconds patience);
    [[nodiscard]] TransferStatus get(const std::string& path);
    static int onPropertiesChanged(sd_bus_message* message, void* userdata, sd_bus_error* error);
    static int onTransferNew(sd_bus_message* message, void* userdata, sd_bus_error* error);
    static int onOwnerChanged(sd_bus_message* message, void* userdata, sd_bus_error* error);
    static int onLost(sd_bus_message* message, void* userdata, sd_bus_error* error);

    std::chrono::seconds patience_;
    const char* destination_ = nullptr;               // null on the private socket
    std::map<std::string, TransferStatus> transfers_; // by path
    Changed changed_;
    Lost lost_;
    BusHandle bus_;
};

} // namespace bootferry
