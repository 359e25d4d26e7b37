// SPDX-License-Identifier: LGPL-2.1-or-later
// The vtable and PropertiesChanged are generated from the table of properties; sd-bus gets values by name,
// which are looked up in it.
#include "transfer_interface.h"

#include <array>

#include <spdlog/fmt/fmt.h>

#include "bus_method.h"
#include "text.h"
#include "transfer_properties.h"

namespace bootferry {
namespace {

template <typename Value>
int append(sd_bus_message* message, Value value) {
    return sd_bus_message_append(message, dbusType<Value>, value);
}
int append(sd_bus_message* message, const std::string& text) {
    return sd_bus_message_append(message, dbusType<std::string>, text.c_str());
}
int append(sd_bus_message* message, bool value) {
    return sd_bus_message_append(message, dbusType<bool>, static_cast<int>(value));
}
int append(sd_bus_message* message, TransferState state) {
    return sd_bus_message_append(message, dbusType<TransferState>, stateName(state).data()); // a literal
}
int append(sd_bus_message* message, const std::vector<std::string>& texts) {
    int result = sd_bus_message_open_container(message, 'a', dbusType<std::string>);
    for (const auto& text : texts) {
        result = result < 0 ? result : append(message, text);
    }
    return result < 0 ? result : sd_bus_message_close_container(message);
}

int getProperty(sd_bus*, const char*, const char*, const char* name, sd_bus_message* reply, void* userdata,
                sd_bus_error*) {
    const auto* property = findTransferProperty(name);
    if (property == nullptr) {
        return -ENOENT; // not in the vtable either
    }
    const auto& status = static_cast<const Transfer*>(userdata)->status();
    return visitProperty(*property, status, [&](const auto& value) { return append(reply, value); });
}

int appendNamed(sd_bus_message* message, const TransferProperty& property, const TransferStatus& status) {
    int result = sd_bus_message_open_container(message, 'e', "sv");
    const auto then = [&](auto step) { result = result < 0 ? result : step(); };
    then([&] { return sd_bus_message_append(message, "s", property.name); });
    then([&] { return sd_bus_message_open_container(message, 'v', signatureOf(property)); });
    then([&] {
        return visitProperty(property, status, [&](const auto& value) { return append(message, value); });
    });
    then([&] { return sd_bus_message_close_container(message); });
    then([&] { return sd_bus_message_close_container(message); });
    return result;
}

int onCancel(sd_bus_message* message, void* userdata, sd_bus_error* error) {
    return guarded(error, [&] {
        requireRoot(message);
        static_cast<Transfer*>(userdata)->cancel();
        return sd_bus_reply_method_return(message, "");
    });
}

constexpr sd_bus_vtable vtableEntry(const TransferProperty& property) {
    if (property.changes == Changes::Never) {
        return SD_BUS_PROPERTY(property.name, signatureOf(property), getProperty, 0,
                               SD_BUS_VTABLE_PROPERTY_CONST);
    }
    return SD_BUS_PROPERTY(property.name, signatureOf(property), getProperty, 0,
                           SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE);
}

constexpr auto makeVtable() {
    std::array<sd_bus_vtable, std::size(transferProperties) + 3> entries{};
    auto* next = entries.begin();
    *next++ = SD_BUS_VTABLE_START(0);
    for (const auto& property : transferProperties) {
        *next++ = vtableEntry(property);
    }
    *next++ = SD_BUS_METHOD("Cancel", "", "", onCancel, SD_BUS_VTABLE_UNPRIVILEGED);
    *next = SD_BUS_VTABLE_END;
    return entries;
}

constexpr auto vtable = makeVtable();

} // namespace

const sd_bus_vtable* transferVtable() {
    return vtable.data();
}

std::string transferPath(std::uint32_t id) {
    return fmt::format("{}{}", transferNodePrefix, id);
}

std::optional<std::uint32_t> transferIdOf(std::string_view path) {
    if (!path.starts_with(transferNodePrefix)) {
        return std::nullopt;
    }
    return parseNumber<std::uint32_t>(path.substr(transferNodePrefix.size()));
}

BusMessageHandle propertiesChanged(sd_bus* bus, const std::string& path, const TransferStatus& before,
                                   const TransferStatus& now) {
    sd_bus_message* signal = nullptr;
    int result = sd_bus_message_new_signal(bus, &signal, path.c_str(), "org.freedesktop.DBus.Properties",
                                           "PropertiesChanged");
    BusMessageHandle message(signal);
    const auto then = [&](auto step) { result = result < 0 ? result : step(); };
    then([&] { return sd_bus_message_append(signal, "s", transferInterface); });
    then([&] { return sd_bus_message_open_container(signal, 'a', "{sv}"); });
    for (const auto& property : transferProperties) {
        if (property.changes == Changes::Announced && differs(property, before, now)) {
            then([&] { return appendNamed(signal, property, now); });
        }
    }
    then([&] { return sd_bus_message_close_container(signal); });
    then([&] { return sd_bus_message_append(signal, "as", 0); });
    return result < 0 ? BusMessageHandle() : std::move(message);
}

} // namespace bootferry
