// SPDX-License-Identifier: LGPL-2.1-or-later
// What a machine is asked to boot: the kernel command line, understood as a whole and checked. Every argument
// is known here from the first day; what is understood but not served yet is refused by its name, because an
// option that is silently dropped is a hole.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "kernel_command_line.h"
#include "transfer_request.h"

namespace bootferry {

inline constexpr std::string_view defaultTarget = "/dev/ram0";

// root=live:CDLABEL=..., LABEL=, UUID=, /dev/...: no transfer, the medium is here.
struct LocalMedium {
    std::string device; // a device node's path, encoded as udev names its links
};

struct OverlayRequest {
    bool persistent = false;
    std::string cowFilesystem = "ext4";
    std::string size = "50%"; // as tmpfs(5)'s size=
};

// Where the root image lies inside the live image.
struct LiveLayout {
    std::string dir = "LiveOS";
    std::string squashimg = "squashfs.img";
    std::string rootflags;
};

struct BootRequest {
    std::variant<TransferRequest, LocalMedium> image;
    std::string target{defaultTarget};
    OverlayRequest overlay;
    LiveLayout layout;
    bool reset = false;
    bool check = false; // verify the medium's embedded checksum
    // rd.kiwi.live.pxe: the hardware address (aa:bb:cc:dd:ee:ff) of the interface to name lan0, from BOOTIF=;
    // empty without one: the first wired interface that appears, as KIWI has it.
    std::optional<std::string> lan0;
    // What was accepted of curl_options= and dolly_options= and changes nothing, for the log.
    std::vector<std::string> ignoredCurlOptions;
    std::vector<std::string> ignoredDollyOptions;

    [[nodiscard]] const TransferRequest* transfer() const { return std::get_if<TransferRequest>(&image); }
};

// Nothing: there is no root=live:, the boot is somebody else's. Throws Error(Invalid) that names the
// argument, its value and what to write instead.
[[nodiscard]] std::optional<BootRequest> parseBootRequest(const KernelCommandLine& line);

// The arguments besides root=, for whoever documents them: the first name is the usual one.
struct BootArgumentNames {
    std::vector<std::string_view> names;
    bool takesValue = false;
};
[[nodiscard]] std::vector<BootArgumentNames> bootArgumentNames();

} // namespace bootferry
