// SPDX-License-Identifier: LGPL-2.1-or-later
// Exports a live ISO into a folder from which machines boot: the three steps of KIWI's documentation,
// "Booting a Live ISO Image from Network", in one.
#pragma once

#include <optional>
#include <string>

#include "export_request.h"

namespace bootferry {

// Throws Error. whyRefused: why a boot with this kernel command line would be refused.
void exportIso(const ExportRequest& request,
               std::optional<std::string> (*whyRefused)(const KernelCommandLine& line));

} // namespace bootferry
