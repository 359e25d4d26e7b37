// SPDX-License-Identifier: LGPL-2.1-or-later
// dolly's password proves to the server that the node knows it; the server proves nothing to the node. Any
// machine of the network can play the server and send an image of its own. A password on the node suggests
// otherwise, so a transfer with one also needs a checksum, or the option that declares the network trusted.
#pragma once

#include "credentials.h"

namespace bootferry {

inline constexpr const char* trustDollyServer = "trust-server"; // the dolly plugin's option

// credentials: those of the process that starts the transfer. Throws Error(Invalid) that says what to add.
void requireProofOfDollyServer(const TransferRequest& request, const Credentials& credentials);

} // namespace bootferry
