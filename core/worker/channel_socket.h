// SPDX-License-Identifier: LGPL-2.1-or-later
// Packets and descriptors over the channel's socket (unix(7), SCM_RIGHTS). Packets are returned as they
// arrived; the receiver judges them.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "handles.h"

namespace bootferry {

struct ReceivedPacket {
    std::size_t size = 0;              // 0: the peer has closed the channel
    bool whole = true;                 // false if longer than the room, or with unwanted descriptors
    std::vector<UniqueFd> descriptors; // close-on-exec
};

// nullopt if flags contain MSG_DONTWAIT and no packet is waiting. At most mostDescriptors are accepted.
// Throws Error(Io).
[[nodiscard]] std::optional<ReceivedPacket> receivePacket(int socket, std::span<std::byte> room,
                                                          std::size_t mostDescriptors, int flags);

// False if flags contain MSG_DONTWAIT and the peer has not read enough. Throws Error(Io).
bool sendPacket(int socket, std::span<const std::byte> packet, std::span<const int> descriptors, int flags);

} // namespace bootferry
