// SPDX-License-Identifier: LGPL-2.1-or-later
// bootorigin:PATH on the kernel command line: a file on the server that the firmware booted from, so that a
// unified kernel image that is signed with its command line need not contain a server's name. systemd-stub
// (258 and newer) stores the URL of a UEFI HTTP boot in the EFI variable LoaderDeviceURL (systemd's Boot
// Loader Interface). PATH is relative to it, as a link is to its page.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "kernel_command_line.h"

namespace bootferry {

inline constexpr const char* efiVariablesFolder = "/sys/firmware/efi/efivars";

// The text of LoaderDeviceURL in this folder of efivarfs; nullopt if the firmware did not boot from a URL, or
// the boot loader does not say so. Throws Error(Invalid) if the variable does not contain text or is not from
// this boot.
[[nodiscard]] std::optional<std::string> readBootOrigin(const std::string& folder);

// Called only if the line asks for it.
using BootOriginReader = std::function<std::optional<std::string>()>;

// The line with a URL in the place of each bootorigin:PATH, in root=live: and rd.bootferry.checksum=. Throws
// Error(Invalid), and Error(Unsupported) if the origin is not known.
[[nodiscard]] KernelCommandLine withBootOrigin(const KernelCommandLine& line, const BootOriginReader& read);

// Does root=live: or rd.bootferry.checksum= contain bootorigin:?
[[nodiscard]] bool asksForBootOrigin(const KernelCommandLine& line);

} // namespace bootferry
