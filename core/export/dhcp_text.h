// SPDX-License-Identifier: LGPL-2.1-or-later
// The settings of a DHCP server with which machines find the entries: in the language of dnsmasq, of ISC's
// dhcpd and of Kea. By the client's architecture (RFC 4578, and IANA's registry "Processor Architecture
// Types"): BIOS gets pxelinux, UEFI gets GRUB by TFTP or by HTTP, and iPXE its script. Pure.
#pragma once

#include <string>
#include <string_view>

namespace bootferry {

struct BootServer {
    std::string folder; // the root of the TFTP server: absolute, without control characters
    std::string url;    // the same folder for machines
    std::string name;   // of the export
};

[[nodiscard]] std::string dnsmasqText(const BootServer& server);
[[nodiscard]] std::string iscText(const BootServer& server);
[[nodiscard]] std::string keaText(const BootServer& server);

} // namespace bootferry
