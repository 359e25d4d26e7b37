// SPDX-License-Identifier: LGPL-2.1-or-later
// bootferryd seen from a client (bootferryctl, the splash screen): its calls as functions, its transfers as
// values that follow its signals. Speaks to the private socket where somebody listens there, else over the
// system bus; $BOOTFERRY_ADDRESS names another socket (sd_bus_set_address(3)), and then nothing else is
// tried. Calls block; signals are served by the event loop. One thread.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "handles.h"
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

    // Throws Error(Unreachable) where there is no service. `event` must outlive the object.
    explicit ServiceClient(sd_event* event);

    // Throw Error with the service's code and text.
    [[nodiscard]] std::uint32_t start(const TransferRequest& request);
    void cancel(std::uint32_t id);
    [[nodiscard]] std::vector<TransferStatus> transfers();
    [[nodiscard]] std::vector<PluginView> plugins();

    // From now on every change of a transfer is told, and once that the service is gone.
    void watch(Changed changed, Lost lost);

private:
    [[nodiscard]] BusMessageHandle newCall(const char* path, const char* interface, const char* member);
    [[nodiscard]] BusMessageHandle call(sd_bus_message* message);
    [[nodiscard]] TransferStatus get(const std::string& path);
    static int onPropertiesChanged(sd_bus_message* message, void* userdata, sd_bus_error* error);
    static int onTransferNew(sd_bus_message* message, void* userdata, sd_bus_error* error);
    static int onOwnerChanged(sd_bus_message* message, void* userdata, sd_bus_error* error);
    static int onLost(sd_bus_message* message, void* userdata, sd_bus_error* error);

    const char* destination_ = nullptr;               // none on the private socket
    std::map<std::string, TransferStatus> transfers_; // by path
    Changed changed_;
    Lost lost_;
    BusHandle bus_;
};

} // namespace bootferry
