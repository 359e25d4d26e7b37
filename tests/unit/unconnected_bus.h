// SPDX-License-Identifier: LGPL-2.1-or-later
// A D-Bus connection with nobody at its other end, for messages that are made and read without being sent:
// every message belongs to a connection.
#pragma once

#include <utility>

#include <sys/socket.h>

#include "errors.h"
#include "handles.h"

namespace bootferry {

class UnconnectedBus {
public:
    UnconnectedBus()
        : bus_(makeHandle<UnflushedBusHandle>([](sd_bus** bus) { return sd_bus_new(bus); }, "making a bus")) {
        int ends[2] = {-1, -1};
        checkErrno(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), "making a bus");
        other_ = UniqueFd(ends[1]);
        checkSd(sd_bus_set_fd(bus_.get(), ends[0], ends[0]), "making a bus");
        checkSd(sd_bus_start(bus_.get()), "making a bus");
    }

    [[nodiscard]] sd_bus* get() const { return bus_.get(); }

    [[nodiscard]] BusMessageHandle newMessage() const {
        return makeHandle<BusMessageHandle>(
            [&](sd_bus_message** message) {
                return sd_bus_message_new_method_call(bus_.get(), message, nullptr, "/object", "an.Interface",
                                                      "Method");
            },
            "making a message");
    }

    // A message with these arguments (sd_bus_message_append(3)), ready to be read.
    template <typename... Arguments>
    [[nodiscard]] BusMessageHandle message(const char* types, Arguments... arguments) const {
        auto message = newMessage();
        checkSd(sd_bus_message_append(message.get(), types, arguments...), "composing a message");
        return sealed(std::move(message));
    }

    [[nodiscard]] static BusMessageHandle sealed(BusMessageHandle message) {
        checkSd(sd_bus_message_seal(message.get(), 1, 0), "composing a message");
        return message;
    }

private:
    UniqueFd other_;
    UnflushedBusHandle bus_;
};

} // namespace bootferry
