// SPDX-License-Identifier: LGPL-2.1-or-later
// The transfer of the image that this system runs from, while it arrives. The bootferryd of the initrd goes
// on with it after the switch of root, when /run/bootferry/private is the socket of the booted system's own
// service: so it listens on another one as well.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "service_client.h"

namespace bootferry {

// What bootferryd keeps there: /run/bootferry/NAME.
[[nodiscard]] std::string runtimePath(std::string_view name);

// Empty if all of the image has arrived, or the system was not booted on demand.
[[nodiscard]] std::vector<TransferStatus> transfersOnDemand();

// A client of the service that has this transfer; of the usual one if none is known to have it. Throws
// NoService.
[[nodiscard]] std::unique_ptr<ServiceClient> clientFor(std::uint32_t transfer, sd_event* event);

} // namespace bootferry
