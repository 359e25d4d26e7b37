// SPDX-License-Identifier: LGPL-2.1-or-later
// Any arguments of StartTransfer, as D-Bus messages: what is accepted can be carried out (no credentials in a
// URL that is shown, a device node, timeouts that a clock can hold), and what is refused has a reason. The
// input is the URL, the target, and lines of an option's name, a type and a value.
#include <sys/socket.h>

#include "argument_values.h"
#include "errors.h"
#include "fuzz_input.h"
#include "handles.h"
#include "plain_text.h"
#include "text.h"
#include "transfer_options.h"

using namespace bootferry;
using fuzz::require;

namespace {

// Messages belong to a connection, and this one has nobody at its other end.
sd_bus* connection() {
    static sd_bus* const bus = [] {
        int ends[2] = {-1, -1};
        sd_bus* made = nullptr;
        require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0 && sd_bus_new(&made) >= 0);
        require(sd_bus_set_fd(made, ends[0], ends[0]) >= 0 && sd_bus_start(made) >= 0);
        return made;
    }();
    return bus;
}

// False if D-Bus cannot carry it: then no client can send it.
bool appendValue(sd_bus_message* message, std::string_view type, const std::string& value) {
    const auto number = parseNumber<std::uint64_t>(value).value_or(value.size());
    if (type == "t") {
        return sd_bus_message_append(message, "v", "t", number) >= 0;
    }
    if (type == "u") {
        return sd_bus_message_append(message, "v", "u", static_cast<std::uint32_t>(number)) >= 0;
    }
    if (type == "b") {
        return sd_bus_message_append(message, "v", "b", static_cast<int>(number & 1U)) >= 0;
    }
    if (type == "as") {
        return sd_bus_message_append(message, "v", "as", 2, value.c_str(), value.c_str()) >= 0;
    }
    if (type == "p") {
        const auto key = value.substr(0, value.find('='));
        return sd_bus_message_append(message, "v", "a(sss)", 1, "curl", key.c_str(), value.c_str()) >= 0;
    }
    return sd_bus_message_append(message, "v", "s", value.c_str()) >= 0;
}

BusMessageHandle messageOf(fuzz::FuzzInput& input) {
    sd_bus_message* raw = nullptr;
    require(sd_bus_message_new_signal(connection(), &raw, "/a", "a.b", "C") >= 0);
    BusMessageHandle message(raw);
    const std::string url(input.upTo("\n"));
    const std::string target(input.upTo("\n"));
    bool carried = sd_bus_message_append(raw, "ss", url.c_str(), target.c_str()) >= 0 &&
                   sd_bus_message_open_container(raw, 'a', "{sv}") >= 0;
    while (carried && !input.empty()) {
        const std::string name(input.upTo(" "));
        const std::string type(input.upTo(" "));
        const std::string value(input.upTo("\n"));
        carried = sd_bus_message_open_container(raw, 'e', "sv") >= 0 &&
                  sd_bus_message_append(raw, "s", name.c_str()) >= 0 && appendValue(raw, type, value) &&
                  sd_bus_message_close_container(raw) >= 0;
    }
    carried = carried && sd_bus_message_close_container(raw) >= 0 && sd_bus_message_seal(raw, 1, 0) >= 0;
    return carried ? std::move(message) : BusMessageHandle();
}

void examine(const TransferRequest& request) {
    for (const auto& url : shownUrls(request)) {
        require(plainText(url, SIZE_MAX) == url && !Url::parse(url).userinfo());
        require(url.find('?') == std::string::npos || url.ends_with("?..."));
    }
    require(request.target.starts_with("/dev/") && request.target.find("/../") == std::string::npos);
    require(request.stallTimeout.count() > 0 && request.stallTimeout <= longestTimeout);
    require(!request.timeout || (request.timeout->count() > 0 && *request.timeout <= longestTimeout));
    require(request.connections >= 1 && request.connections <= mostConnections);
    require(!request.ramdiskSize || *request.ramdiskSize > 0);
    require(!request.checksum || parseChecksum(*request.checksum) == *request.checksum);
    require(!request.checksum || !request.checksumUrl);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    fuzz::FuzzInput input(bytes, size);
    const auto message = messageOf(input);
    if (message == nullptr) {
        return 0;
    }
    try {
        examine(readTransferRequest(message.get()));
    } catch (const Error& error) {
        require(*error.what() != '\0' && error.code() == ErrorCode::Invalid);
        require(isBusText(error.what()));
    }
    return 0;
}
