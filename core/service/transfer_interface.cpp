// SPDX-License-Identifier: LGPL-2.1-or-later
// The vtable, the reader and the comparison name the same member of a transfer's status.
#include "transfer_interface.h"

#include <charconv>

#include <spdlog/fmt/fmt.h>

#include "bus_method.h"

namespace bootferry {
namespace {

using Status = TransferStatus;

// A D-Bus path element may not begin with a digit as far as some bindings are concerned.
constexpr std::string_view transferNode = "/org/bootferry1/transfer/_";

constexpr auto fixed = SD_BUS_VTABLE_PROPERTY_CONST;
constexpr auto told = SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE;

// How a value travels: its type in D-Bus, and as an argument of sd_bus_message_append(3).
constexpr const char* typeOf(const char*) {
    return "s";
}
constexpr const char* typeOf(int) {
    return "b";
}
constexpr const char* typeOf(std::uint32_t) {
    return "u";
}
constexpr const char* typeOf(std::uint64_t) {
    return "t";
}
constexpr const char* typeOf(double) {
    return "d";
}

template <typename Value>
Value argumentOf(Value value) {
    return value;
}
const char* argumentOf(const std::string& text) {
    return text.c_str();
}
int argumentOf(bool value) {
    return static_cast<int>(value);
}
const char* argumentOf(TransferState state) {
    return stateName(state).data(); // a literal
}

template <typename Value>
int append(sd_bus_message* reply, const Value& value) {
    const auto argument = argumentOf(value);
    return sd_bus_message_append(reply, typeOf(argument), argument);
}

template <typename Value>
int appendNamed(sd_bus_message* message, const char* name, const Value& value) {
    const auto argument = argumentOf(value);
    return sd_bus_message_append(message, "{sv}", name, typeOf(argument), argument);
}

// Of a transfer's status, by member.
template <auto Member>
int ofStatus(sd_bus*, const char*, const char*, const char*, sd_bus_message* reply, void* userdata,
             sd_bus_error*) {
    return append(reply, static_cast<const Transfer*>(userdata)->status().*Member);
}

int onCancel(sd_bus_message* message, void* userdata, sd_bus_error* error) {
    return guarded(error, [&] {
        requireRoot(message);
        static_cast<Transfer*>(userdata)->cancel();
        return sd_bus_reply_method_return(message, "");
    });
}

constexpr sd_bus_vtable vtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_PROPERTY("Id", "u", ofStatus<&Status::id>, 0, fixed),
    SD_BUS_PROPERTY("Url", "s", ofStatus<&Status::url>, 0, fixed),
    SD_BUS_PROPERTY("Target", "s", ofStatus<&Status::target>, 0, fixed),
    SD_BUS_PROPERTY("StartedUSec", "t", ofStatus<&Status::startedUSec>, 0, fixed),
    SD_BUS_PROPERTY("FinishedUSec", "t", ofStatus<&Status::finishedUSec>, 0, told),
    SD_BUS_PROPERTY("State", "s", ofStatus<&Status::state>, 0, told),
    SD_BUS_PROPERTY("Detail", "s", ofStatus<&Status::detail>, 0, told),
    SD_BUS_PROPERTY("BytesTransferred", "t", ofStatus<&Status::bytes>, 0, told),
    SD_BUS_PROPERTY("BytesTotal", "t", ofStatus<&Status::total>, 0, told),
    SD_BUS_PROPERTY("BytesWritten", "t", ofStatus<&Status::written>, 0, told),
    SD_BUS_PROPERTY("Progress", "d", ofStatus<&Status::fraction>, 0, told),
    SD_BUS_PROPERTY("Rate", "t", ofStatus<&Status::rate>, 0, told),
    SD_BUS_PROPERTY("RemainingUSec", "t", ofStatus<&Status::remainingUSec>, 0, told),
    SD_BUS_PROPERTY("Attempt", "u", ofStatus<&Status::attempt>, 0, told),
    SD_BUS_PROPERTY("Plugin", "s", ofStatus<&Status::plugin>, 0, told),
    SD_BUS_PROPERTY("Device", "s", ofStatus<&Status::device>, 0, told),
    SD_BUS_PROPERTY("Reused", "b", ofStatus<&Status::reused>, 0, told),
    SD_BUS_PROPERTY("Digest", "s", ofStatus<&Status::digest>, 0, told),
    SD_BUS_PROPERTY("ErrorName", "s", ofStatus<&Status::errorName>, 0, told),
    SD_BUS_PROPERTY("ErrorMessage", "s", ofStatus<&Status::errorMessage>, 0, told),
    SD_BUS_METHOD("Cancel", "", "", onCancel, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_VTABLE_END,
};

} // namespace

const sd_bus_vtable* transferVtable() {
    return vtable;
}

std::string transferPath(std::uint32_t id) {
    return fmt::format("{}{}", transferNode, id);
}

std::optional<std::uint32_t> transferIdOf(std::string_view path) {
    if (!path.starts_with(transferNode)) {
        return std::nullopt;
    }
    std::uint32_t id = 0;
    const auto* end = path.data() + path.size();
    const auto [stopped, error] = std::from_chars(path.data() + transferNode.size(), end, id);
    return error == std::errc() && stopped == end ? std::optional(id) : std::nullopt;
}

BusMessageHandle propertiesChanged(sd_bus* bus, const std::string& path, const TransferStatus& before,
                                   const TransferStatus& now) {
    sd_bus_message* signal = nullptr;
    int result = sd_bus_message_new_signal(bus, &signal, path.c_str(), "org.freedesktop.DBus.Properties",
                                           "PropertiesChanged");
    BusMessageHandle message(signal);
    const auto then = [&](auto step) { result = result < 0 ? result : step(); };
    const auto compare = [&](const char* name, auto member) {
        if (before.*member != now.*member) {
            then([&] { return appendNamed(signal, name, now.*member); });
        }
    };
    then([&] { return sd_bus_message_append(signal, "s", transferInterface); });
    then([&] { return sd_bus_message_open_container(signal, 'a', "{sv}"); });
    compare("FinishedUSec", &Status::finishedUSec);
    compare("State", &Status::state);
    compare("Detail", &Status::detail);
    compare("BytesTransferred", &Status::bytes);
    compare("BytesTotal", &Status::total);
    compare("BytesWritten", &Status::written);
    compare("Progress", &Status::fraction);
    compare("Rate", &Status::rate);
    compare("RemainingUSec", &Status::remainingUSec);
    compare("Attempt", &Status::attempt);
    compare("Plugin", &Status::plugin);
    compare("Device", &Status::device);
    compare("Reused", &Status::reused);
    compare("Digest", &Status::digest);
    compare("ErrorName", &Status::errorName);
    compare("ErrorMessage", &Status::errorMessage);
    then([&] { return sd_bus_message_close_container(signal); });
    then([&] { return sd_bus_message_append(signal, "as", 0); });
    return result < 0 ? BusMessageHandle() : std::move(message);
}

} // namespace bootferry
