// SPDX-License-Identifier: LGPL-2.1-or-later
// What a machine reports of its boot: one JSON object with all that is known, so that a receiver needs only
// the newest one. Contains no secrets: URLs have neither userinfo nor query.
#pragma once

#include <string>
#include <vector>

#include "transfer_status.h"

namespace bootferry {

struct Machine {
    std::string machineId; // machine-id(5); in most live systems it is new in each boot
    std::string bootId;
    std::string hostName;
    std::vector<std::string> hardwareAddresses; // of the network interfaces that are devices, sorted
};

// `root` stands for / in tests.
[[nodiscard]] Machine thisMachine(const std::string& root = "");

// failure: why the boot has failed; empty if it has not.
[[nodiscard]] std::string reportText(const Machine& machine, const std::vector<TransferStatus>& transfers,
                                     const std::string& failure);

} // namespace bootferry
