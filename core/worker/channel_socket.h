// SPDX-License-Identifier: LGPL-2.1-or-later
// Packets and descriptors over the channel's socket (unix(7), SCM_RIGHTS). What came is told as it came: who
// receives judges it.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "handles.h"

namespace bootferry {

struct ReceivedPacket {
    std::size_t size = 0;              // 0: the other side has closed the channel
    bool whole = true;                 // false: it was longer than the room, or brought unwanted descriptors
    std::vector<UniqueFd> descriptors; // close-on-exec
};

// Nothing: flags say MSG_DONTWAIT, and there is none. Descriptors are taken only where mostDescriptors allows
// it. Throws Error(Io).
[[nodiscard]] std::optional<ReceivedPacket> receivePacket(int socket, std::span<std::byte> room,
                                                          std::size_t mostDescriptors, int flags);

// False: flags say MSG_DONTWAIT, and the other side has not read enough. Throws Error(Io).
bool sendPacket(int socket, std::span<const std::byte> packet, std::span<const int> descriptors, int flags);

} // namespace bootferry
