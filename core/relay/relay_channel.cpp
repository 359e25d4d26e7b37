// SPDX-License-Identifier: LGPL-2.1-or-later
#include "relay_channel.h"

namespace bootferry {

void relay::send(int socket, const PacketWriter& packet) {
    try {
        (void)sendPacket(socket, packet.bytes(), {}, 0);
    } catch (const Error&) {
        throw PeerGone();
    }
}

} // namespace bootferry
