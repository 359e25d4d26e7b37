// SPDX-License-Identifier: LGPL-2.1-or-later
// StartTransfer's arguments as a request. An option that is unknown, or has the wrong type, is an error that
// names it: a client that wants a checksum must not get a transfer without one.
#pragma once

#include "handles.h"
#include "transfer_request.h"

namespace bootferry {

// Reads `s url, s target, a{sv} options` from the message. Throws Error(Invalid).
//   user s, password s          credentials for the URL, which itself contains none
//   mirrors as                  other URLs of the same bytes
//   checksum s                  "sha256:HEX", "sha512:HEX", or the URL of a list of such
//   signature s                 the URL of the list's signature, or "auto"
//   verify s                    "required"
//   plugin-options a(sss)       plugin, key, value
//   ramdisk-size t              bytes
//   stall-timeout-usec t, timeout-usec t
//   connections u               at most, to one server at a time
//   reset b, require-live-image b
[[nodiscard]] TransferRequest readTransferRequest(sd_bus_message* message);

} // namespace bootferry
