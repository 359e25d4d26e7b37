// SPDX-License-Identifier: LGPL-2.1-or-later
// What connects the two processes of a transfer with a checksum: a pipe for the bytes, and a socket pair for
// the packets that describe them (relay_channel.h). The supervisor makes it and keeps neither end.
#pragma once

#include "handles.h"

namespace bootferry::relay {

struct Ends {
    UniqueFd pipe;
    UniqueFd socket;
};

struct Relay {
    Ends receiver;
    Ends verifier;
};

[[nodiscard]] Relay makeRelay(); // throws Error(Io)

} // namespace bootferry::relay
