// SPDX-License-Identifier: LGPL-2.1-or-later
#include "start_arguments.h"

#include <cstdint>
#include <string>
#include <vector>

#include <spdlog/fmt/fmt.h>

#include "plain_text.h"
#include "sd_check.h"

namespace bootferry {
namespace {

constexpr SdCheck check{"communicating with bootferryd"};

// D-Bus carries UTF-8 alone, and its own refusal names nothing.
const char* busText(const std::string& text, const char* what) {
    if (!isBusText(text)) {
        throw Error(ErrorCode::Invalid, fmt::format("{} is not UTF-8, which D-Bus cannot carry", what));
    }
    return text.c_str();
}

void appendTexts(sd_bus_message* message, const char* name, const std::vector<Url>& urls) {
    check(sd_bus_message_open_container(message, 'e', "sv"));
    check(sd_bus_message_append(message, "s", name));
    check(sd_bus_message_open_container(message, 'v', "as"));
    check(sd_bus_message_open_container(message, 'a', "s"));
    for (const auto& url : urls) {
        check(sd_bus_message_append(message, "s", url.asWritten().c_str()));
    }
    check(sd_bus_message_close_container(message));
    check(sd_bus_message_close_container(message));
    check(sd_bus_message_close_container(message));
}

void appendPluginOptions(sd_bus_message* message, const std::vector<PluginOption>& options) {
    check(sd_bus_message_open_container(message, 'e', "sv"));
    check(sd_bus_message_append(message, "s", "plugin-options"));
    check(sd_bus_message_open_container(message, 'v', "a(sss)"));
    check(sd_bus_message_open_container(message, 'a', "(sss)"));
    for (const auto& option : options) {
        check(sd_bus_message_append(message, "(sss)", busText(option.plugin, "an option"),
                                    busText(option.key, "an option"),
                                    busText(option.value, "the value of an option")));
    }
    check(sd_bus_message_close_container(message));
    check(sd_bus_message_close_container(message));
    check(sd_bus_message_close_container(message));
}

void appendNumber(sd_bus_message* message, const char* name, std::uint64_t number) {
    check(sd_bus_message_append(message, "{sv}", name, "t", number));
}

void appendOptions(sd_bus_message* message, const TransferRequest& request) {
    check(sd_bus_message_open_container(message, 'a', "{sv}"));
    if (const auto& userinfo = request.url.userinfo()) {
        check(sd_bus_message_append(message, "{sv}", "user", "s", busText(userinfo->user, "the user name")));
        if (userinfo->password) {
            check(sd_bus_message_append(message, "{sv}", "password", "s",
                                        busText(*userinfo->password, "the password")));
        }
    }
    if (!request.mirrors.empty()) {
        appendTexts(message, "mirrors", request.mirrors);
    }
    if (request.checksum || request.checksumUrl) {
        const auto checksum = request.checksum ? *request.checksum : request.checksumUrl->asWritten();
        check(sd_bus_message_append(message, "{sv}", "checksum", "s", checksum.c_str()));
    }
    if (request.signature) {
        const auto& url = request.signature->url;
        check(sd_bus_message_append(message, "{sv}", "signature", "s",
                                    url ? url->asWritten().c_str() : "auto"));
    }
    if (request.signedOnly) {
        check(sd_bus_message_append(message, "{sv}", "verify", "s", "required"));
    }
    if (!request.pluginOptions.empty()) {
        appendPluginOptions(message, request.pluginOptions);
    }
    if (request.ramdiskSize) {
        appendNumber(message, "ramdisk-size", *request.ramdiskSize);
    }
    appendNumber(message, "stall-timeout-usec", static_cast<std::uint64_t>(request.stallTimeout.count()));
    if (request.timeout) {
        appendNumber(message, "timeout-usec", static_cast<std::uint64_t>(request.timeout->count()));
    }
    check(sd_bus_message_append(message, "{sv}", "connections", "u", request.connections));
    if (request.onDemand) {
        check(sd_bus_message_append(message, "{sv}", "on-demand", "b", 1));
    }
    check(sd_bus_message_append(message, "{sv}", "reset", "b", static_cast<int>(request.reset)));
    check(sd_bus_message_append(message, "{sv}", "require-live-image", "b",
                                static_cast<int>(request.requireLiveImage)));
    check(sd_bus_message_close_container(message));
}

} // namespace

void appendTransfer(sd_bus_message* message, const TransferRequest& request) {
    check(sd_bus_message_append(message, "ss", request.url.asWritten().c_str(),
                                busText(request.target, "the target's name")));
    appendOptions(message, request);
}

} // namespace bootferry
