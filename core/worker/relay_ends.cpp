// SPDX-License-Identifier: LGPL-2.1-or-later
#include "relay_ends.h"

#include <tuple>

#include "descriptors.h"

namespace bootferry::relay {

Relay makeRelay() {
    Relay relay;
    std::tie(relay.receiver.socket, relay.verifier.socket) = makePacketSockets();
    std::tie(relay.verifier.pipe, relay.receiver.pipe) = makeLargePipe();
    return relay;
}

} // namespace bootferry::relay
