// SPDX-License-Identifier: LGPL-2.1-or-later
// dolly's password proves to the server that a node knows it; the server proves nothing to the node. Whoever
// sets one expects the image to be the right server's, and would boot what anybody sends who asks for no
// proof, or who plays the server. So an image that is to be booted needs a checksum beside it, or the option
// that says that the network is trusted.
#pragma once

#include "credentials.h"

namespace bootferry {

inline constexpr const char* trustDollyServer = "trust-server"; // the dolly plugin's option

// credentials: of whoever starts the transfer. Throws Error(Invalid) that says what to add.
void requireProofOfDollyServer(const TransferRequest& request, const Credentials& credentials);

} // namespace bootferry
