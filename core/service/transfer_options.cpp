// SPDX-License-Identifier: LGPL-2.1-or-later
#include "transfer_options.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <string_view>

#include <spdlog/fmt/fmt.h>

#include "argument_values.h"
#include "sd_check.h"
#include "signed_list.h"

namespace bootferry {
namespace {

constexpr SdCheck check{"reading the arguments of StartTransfer"};

std::string readString(sd_bus_message* message) {
    const char* text = nullptr;
    check(sd_bus_message_read(message, "s", &text));
    return text;
}

std::uint64_t readNumber(sd_bus_message* message) {
    std::uint64_t number = 0;
    check(sd_bus_message_read(message, "t", &number));
    return number;
}

bool readBool(sd_bus_message* message) {
    int value = 0;
    check(sd_bus_message_read(message, "b", &value));
    return value != 0;
}

std::chrono::microseconds readDuration(sd_bus_message* message) {
    constexpr auto longest = static_cast<std::uint64_t>(std::chrono::microseconds(longestTimeout).count());
    const auto usec = readNumber(message);
    if (usec == 0) {
        throw Error(ErrorCode::Invalid, "a timeout of 0 µs is invalid");
    }
    return std::chrono::microseconds(std::min(usec, longest));
}

std::uint64_t readSize(sd_bus_message* message) {
    const auto bytes = readNumber(message);
    if (bytes == 0) {
        throw Error(ErrorCode::Invalid, "a size of 0 bytes is invalid");
    }
    return bytes;
}

unsigned readConnections(sd_bus_message* message) {
    std::uint32_t number = 0;
    check(sd_bus_message_read(message, "u", &number));
    return parseConnections(std::to_string(number));
}

std::vector<Url> readMirrors(sd_bus_message* message) {
    std::vector<Url> mirrors;
    const char* text = nullptr;
    check(sd_bus_message_enter_container(message, 'a', "s"));
    while (check.more(sd_bus_message_read(message, "s", &text))) {
        mirrors.push_back(Url::parse(text));
    }
    check(sd_bus_message_exit_container(message));
    return mirrors;
}

std::vector<PluginOption> readPluginOptions(sd_bus_message* message) {
    std::vector<PluginOption> options;
    const char* plugin = nullptr;
    const char* key = nullptr;
    const char* value = nullptr;
    check(sd_bus_message_enter_container(message, 'a', "(sss)"));
    while (check.more(sd_bus_message_read(message, "(sss)", &plugin, &key, &value))) {
        options.push_back({.plugin = plugin, .key = key, .value = value});
    }
    check(sd_bus_message_exit_container(message));
    return options;
}

struct Reading {
    TransferRequest request;
    std::optional<std::string> user;
    std::optional<std::string> password;
    std::set<std::string> seen;
};

struct Option {
    const char* type;
    void (*read)(Reading& reading, sd_bus_message* message);
};

const std::map<std::string_view, Option>& options() {
    static const std::map<std::string_view, Option> table{
        {"user", {"s", [](Reading& r, sd_bus_message* m) { r.user = readString(m); }}},
        {"password", {"s", [](Reading& r, sd_bus_message* m) { r.password = readString(m); }}},
        {"mirrors", {"as", [](Reading& r, sd_bus_message* m) { r.request.mirrors = readMirrors(m); }}},
        {"checksum", {"s", [](Reading& r, sd_bus_message* m) { setChecksum(r.request, readString(m)); }}},
        {"signature", {"s", [](Reading& r, sd_bus_message* m) { setSignature(r.request, readString(m)); }}},
        {"verify", {"s", [](Reading& r, sd_bus_message* m) { setVerify(r.request, readString(m)); }}},
        {"plugin-options",
         {"a(sss)", [](Reading& r, sd_bus_message* m) { r.request.pluginOptions = readPluginOptions(m); }}},
        {"ramdisk-size", {"t", [](Reading& r, sd_bus_message* m) { r.request.ramdiskSize = readSize(m); }}},
        {"stall-timeout-usec",
         {"t", [](Reading& r, sd_bus_message* m) { r.request.stallTimeout = readDuration(m); }}},
        {"timeout-usec", {"t", [](Reading& r, sd_bus_message* m) { r.request.timeout = readDuration(m); }}},
        {"connections",
         {"u", [](Reading& r, sd_bus_message* m) { r.request.connections = readConnections(m); }}},
        {"on-demand", {"b", [](Reading& r, sd_bus_message* m) { r.request.onDemand = readBool(m); }}},
        {"reset", {"b", [](Reading& r, sd_bus_message* m) { r.request.reset = readBool(m); }}},
        {"require-live-image",
         {"b", [](Reading& r, sd_bus_message* m) { r.request.requireLiveImage = readBool(m); }}},
    };
    return table;
}

void readOption(Reading& reading, sd_bus_message* message) {
    const auto name = readString(message);
    const auto known = options().find(name);
    if (known == options().end()) {
        throw Error(ErrorCode::Invalid, fmt::format("StartTransfer has no option '{}'", name));
    }
    if (!reading.seen.insert(name).second) {
        throw Error(ErrorCode::Invalid, fmt::format("StartTransfer's option '{}' is given twice", name));
    }
    const char* contents = nullptr;
    check(sd_bus_message_peek_type(message, nullptr, &contents));
    if (std::string_view(contents) != known->second.type) {
        throw Error(ErrorCode::Invalid, fmt::format("StartTransfer's option '{}' has type '{}', not '{}'",
                                                    name, known->second.type, contents));
    }
    check(sd_bus_message_enter_container(message, 'v', known->second.type));
    try {
        known->second.read(reading, message);
    } catch (Error& error) {
        error.addContext(name);
        throw;
    }
    check(sd_bus_message_exit_container(message));
}

} // namespace

TransferRequest readTransferRequest(sd_bus_message* message) {
    Reading reading;
    auto& request = reading.request;
    request.decode = true;
    request.url = Url::parse(readString(message));
    request.target = parseDeviceNode(readString(message));
    check(sd_bus_message_enter_container(message, 'a', "{sv}"));
    while (check.more(sd_bus_message_enter_container(message, 'e', "sv"))) {
        readOption(reading, message);
        check(sd_bus_message_exit_container(message));
    }
    check(sd_bus_message_exit_container(message));
    if (reading.user || reading.password) {
        request.url.setUserinfo({.user = reading.user.value_or(""), .password = reading.password});
    }
    return request;
}

} // namespace bootferry
