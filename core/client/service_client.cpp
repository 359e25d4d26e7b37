// SPDX-License-Identifier: LGPL-2.1-or-later
// Each call builds its message with sd-bus and waits for the reply; signals arrive through the event loop.
#include "service_client.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <spdlog/fmt/fmt.h>

#include "bus_names.h"
#include "no_service.h"
#include "property_reader.h"
#include "sd_check.h"
#include "service_connection.h"
#include "start_arguments.h"
#include "transfer_properties.h"

namespace bootferry {
namespace {

constexpr const char* propertiesInterface = "org.freedesktop.DBus.Properties";

constexpr SdCheck check{"communicating with bootferryd"};

[[noreturn]] void throwRemote(const sd_bus_error& error) {
    const std::string_view name = error.name != nullptr ? error.name : "";
    const std::string text = error.message != nullptr ? error.message : std::string(name);
    if (name.starts_with(busErrorPrefix)) {
        const auto code = errorCodeFromName(name.substr(busErrorPrefix.size())).value_or(ErrorCode::Internal);
        throw Error(code, text);
    }
    if (name == SD_BUS_ERROR_ACCESS_DENIED) {
        throw Error(ErrorCode::NotPermitted, text);
    }
    if (name == SD_BUS_ERROR_SERVICE_UNKNOWN || name == SD_BUS_ERROR_NAME_HAS_NO_OWNER) {
        throw NoService(
            fmt::format("bootferryd is not running: it does not listen at '{}' and is not on the system bus "
                        "(systemctl start bootferryd.socket)",
                        privateSocketPath));
    }
    throw NoService(fmt::format("bootferryd does not answer: {}", text));
}

// No exception may pass through sd-bus. A signal that cannot be read is ignored.
template <typename Handler>
int guarded(Handler handler) noexcept {
    try {
        handler();
    } catch (const std::exception&) {
        return 0;
    }
    return 0;
}

} // namespace

ServiceClient::ServiceClient(sd_event* event, std::chrono::seconds patience)
    : ServiceClient(event, connectToService(patience), patience) {}

ServiceClient::ServiceClient(sd_event* event, const std::string& socketPath, std::chrono::seconds patience)
    : ServiceClient(event, connectToSocket(socketPath, patience), patience) {}

ServiceClient::ServiceClient(sd_event* event, ServiceConnection connection, std::chrono::seconds patience)
    : patience_(patience), destination_(connection.destination), bus_(std::move(connection.bus)) {
    check(sd_bus_attach_event(bus_.get(), event, SD_EVENT_PRIORITY_NORMAL));
}

BusMessageHandle ServiceClient::newCall(const char* path, const char* interface, const char* member) {
    return makeHandle<BusMessageHandle>(
        [&](sd_bus_message** m) {
            return sd_bus_message_new_method_call(bus_.get(), m, destination_, path, interface, member);
        },
        "communicating with bootferryd");
}

BusMessageHandle ServiceClient::call(sd_bus_message* message) {
    return call(message, patience_);
}

BusMessageHandle ServiceClient::call(sd_bus_message* message, std::chrono::seconds patience) {
    BusError error;
    sd_bus_message* reply = nullptr;
    const auto timeout = std::chrono::microseconds(patience).count();
    const int result =
        sd_bus_call(bus_.get(), message, static_cast<std::uint64_t>(timeout), error.get(), &reply);
    if (result == -ETIMEDOUT) {
        throw SilentService(patience);
    }
    if (result < 0 && error.name() != nullptr) {
        throwRemote(*error.get());
    }
    if (result < 0) {
        throw NoService(-result, "bootferryd does not answer");
    }
    return BusMessageHandle(reply);
}

TransferStatus ServiceClient::get(const std::string& path) {
    const auto message = newCall(path.c_str(), propertiesInterface, "GetAll");
    check(sd_bus_message_append(message.get(), "s", transferInterface));
    TransferStatus status;
    readProperties(status, call(message.get()).get());
    return status;
}

// The service's words, or those of the bus, which name rules of its policy.
BusMessageHandle ServiceClient::callAsRoot(sd_bus_message* message, const char* act, const char* verb,
                                           std::chrono::seconds patience) {
    try {
        return call(message, patience);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::NotPermitted) {
            throw;
        }
        throw Error(ErrorCode::NotPermitted,
                    fmt::format("only root may {} a transfer: sudo bootferryctl {} ...", act, verb));
    }
}

std::uint32_t ServiceClient::start(const TransferRequest& request) {
    const auto message = newCall(managerPath, managerInterface, "StartTransfer");
    (void)sd_bus_message_sensitive(message.get());
    appendTransfer(message.get(), request);
    const auto reply = callAsRoot(message.get(), "start", "deploy", patience_);
    std::uint32_t id = 0;
    check(sd_bus_message_read(reply.get(), "u", &id));
    return id;
}

void ServiceClient::cancel(std::uint32_t id, std::optional<std::chrono::seconds> patience) {
    const auto message = newCall(managerPath, managerInterface, "CancelTransfer");
    check(sd_bus_message_append(message.get(), "u", id));
    (void)callAsRoot(message.get(), "cancel", "cancel", patience.value_or(patience_));
}

// One call for all transfers: if they were listed first and queried one by one, some could be removed in
// between.
std::vector<TransferStatus> ServiceClient::transfers(std::optional<std::chrono::seconds> patience) {
    const auto reply =
        call(newCall(managerPath, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects").get(),
             patience.value_or(patience_));
    std::vector<TransferStatus> transfers;
    check(sd_bus_message_enter_container(reply.get(), 'a', "{oa{sa{sv}}}"));
    while (check.more(sd_bus_message_enter_container(reply.get(), 'e', "oa{sa{sv}}"))) {
        const char* path = nullptr;
        check(sd_bus_message_read(reply.get(), "o", &path));
        check(sd_bus_message_enter_container(reply.get(), 'a', "{sa{sv}}"));
        while (check.more(sd_bus_message_enter_container(reply.get(), 'e', "sa{sv}"))) {
            const char* interface = nullptr;
            check(sd_bus_message_read(reply.get(), "s", &interface));
            if (std::strcmp(interface, transferInterface) == 0) {
                readProperties(transfers.emplace_back(), reply.get());
                transfers_[path] = transfers.back();
            } else {
                check(sd_bus_message_skip(reply.get(), "a{sv}"));
            }
            check(sd_bus_message_exit_container(reply.get()));
        }
        check(sd_bus_message_exit_container(reply.get()));
        check(sd_bus_message_exit_container(reply.get()));
    }
    std::sort(transfers.begin(), transfers.end(),
              [](const auto& one, const auto& other) { return one.id < other.id; });
    return transfers;
}

std::vector<PluginView> ServiceClient::plugins() {
    const auto reply = call(newCall(managerPath, managerInterface, "ListPlugins").get());
    std::vector<PluginView> plugins;
    check(sd_bus_message_enter_container(reply.get(), 'a', "(ssas)"));
    while (check.more(sd_bus_message_enter_container(reply.get(), 'r', "ssas"))) {
        const char* name = nullptr;
        const char* version = nullptr;
        check(sd_bus_message_read(reply.get(), "ss", &name, &version));
        plugins.push_back({.name = name, .version = version, .schemes = {}});
        const char* scheme = nullptr;
        check(sd_bus_message_enter_container(reply.get(), 'a', "s"));
        while (check.more(sd_bus_message_read(reply.get(), "s", &scheme))) {
            plugins.back().schemes.emplace_back(scheme);
        }
        check(sd_bus_message_exit_container(reply.get()));
        check(sd_bus_message_exit_container(reply.get()));
    }
    return plugins;
}

void ServiceClient::watch(Changed changed, Lost lost) {
    changed_ = std::move(changed);
    lost_ = std::move(lost);
    // Anybody may send signals on the bus, so match the sender.
    const auto sender = destination_ != nullptr ? fmt::format("sender='{}',", destination_) : "";
    const auto changes = fmt::format("{}type='signal',interface='{}',member='PropertiesChanged',"
                                     "path_namespace='{}'",
                                     sender, propertiesInterface, transferPrefix);
    check(sd_bus_add_match(bus_.get(), nullptr, changes.c_str(), onPropertiesChanged, this));
    check(sd_bus_match_signal(bus_.get(), nullptr, destination_, managerPath, managerInterface, "TransferNew",
                              onTransferNew, this));
    check(sd_bus_add_match(bus_.get(), nullptr,
                           "type='signal',interface='org.freedesktop.DBus.Local',member='Disconnected'",
                           onLost, this));
    if (destination_ != nullptr) {
        const auto owner =
            fmt::format("type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',"
                        "arg0='{}'",
                        busName);
        check(sd_bus_add_match(bus_.get(), nullptr, owner.c_str(), onOwnerChanged, this));
    }
}

int ServiceClient::onPropertiesChanged(sd_bus_message* message, void* userdata, sd_bus_error*) {
    return guarded([&] {
        auto& self = *static_cast<ServiceClient*>(userdata);
        const char* path = sd_bus_message_get_path(message);
        const auto known = self.transfers_.find(path);
        const char* interface = nullptr;
        check(sd_bus_message_read(message, "s", &interface));
        if (std::strcmp(interface, transferInterface) != 0) {
            return;
        }
        if (known == self.transfers_.end()) {
            self.transfers_[path] = self.get(path);
        } else {
            readProperties(known->second, message);
        }
        if (self.changed_) {
            self.changed_(self.transfers_[path]);
        }
    });
}

int ServiceClient::onTransferNew(sd_bus_message* message, void* userdata, sd_bus_error*) {
    return guarded([&] {
        auto& self = *static_cast<ServiceClient*>(userdata);
        const char* path = nullptr;
        check(sd_bus_message_read(message, "uo", nullptr, &path));
        const auto& status = self.transfers_[path] = self.get(path);
        if (self.changed_) {
            self.changed_(status);
        }
    });
}

// On the system bus the connection outlives the service.
int ServiceClient::onOwnerChanged(sd_bus_message* message, void* userdata, sd_bus_error* error) {
    const char* owner = nullptr;
    if (sd_bus_message_read(message, "sss", nullptr, nullptr, &owner) < 0 || *owner != '\0') {
        return 0;
    }
    return onLost(message, userdata, error);
}

int ServiceClient::onLost(sd_bus_message*, void* userdata, sd_bus_error*) {
    return guarded([&] {
        auto& self = *static_cast<ServiceClient*>(userdata);
        if (self.lost_) {
            self.lost_();
        }
    });
}

} // namespace bootferry
