// SPDX-License-Identifier: LGPL-2.1-or-later
// `bootferryctl export ISO FOLDER --url=URL [-- OPTION...]`, parsed.
#pragma once

#include <optional>
#include <string>

#include "command_line.h"
#include "kernel_command_line.h"

namespace bootferry {

enum class DhcpServer { All, Dnsmasq, Isc, Kea, None };

struct ExportRequest {
    std::string iso;
    std::string folder;
    std::string url;  // FOLDER's, without a slash at its end
    std::string name; // of the folder, the image and the entries
    std::optional<std::string> kernel;
    std::optional<std::string> initrd; // paths in the ISO
    std::optional<std::string> initrdFile;
    bool link = false;
    bool quiet = false; // print only warnings and the settings of DHCP servers
    DhcpServer dhcp = DhcpServer::All;
    KernelCommandLine options;
};

// Throws Error(Invalid).
[[nodiscard]] ExportRequest parseExport(const CommandLine& line);

// The name for an ISO's path: without folder and ".iso", and with '-' in place of each character that has a
// meaning in a URL or an entry. Throws Error(Invalid) if nothing is left. Pure.
[[nodiscard]] std::string exportName(const std::string& iso);

} // namespace bootferry
