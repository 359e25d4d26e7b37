// SPDX-License-Identifier: LGPL-2.1-or-later
// The boot that the kernel command line requests, parsed and checked as a whole. An argument that is known
// but not supported is refused by name: an option that is silently ignored would be a security hole.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "kernel_command_line.h"
#include "overlay_request.h"
#include "transfer_request.h"
#include "verity_request.h"

namespace bootferry {

inline constexpr std::string_view defaultTarget = "/dev/ram0";

// root=live:CDLABEL=..., LABEL=, UUID=, /dev/...: a medium of this machine, no transfer.
struct LocalMedium {
    std::string device;  // a device node's path, encoded as udev names its links
    std::string isoFile; // the medium is the ISO in this file, on some file system
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
    VerityRequest verity;
    bool reset = false;
    bool check = false;        // verify the medium's embedded checksum
    std::optional<Url> report; // where the machine posts its progress to
    // rd.kiwi.live.pxe: the hardware address (aa:bb:cc:dd:ee:ff) of the interface to name lan0, from BOOTIF=.
    // Empty without BOOTIF=: the first wired interface that appears, as in KIWI.
    std::optional<std::string> lan0;
    // Options of curl_options= and dolly_options= that were accepted without effect, for the log.
    std::vector<std::string> ignoredCurlOptions;
    std::vector<std::string> ignoredDollyOptions;
    // Warnings about words that bootferry does not read but that were probably intended for it, each a
    // sentence for the console. The boot continues.
    std::vector<std::string> remarks;

    // The image is in a RAM disk: no medium or disk stays in use.
    [[nodiscard]] bool isImageInMemory() const {
        return transfer() != nullptr && target.starts_with("/dev/ram");
    }
    // rd.live.encrypt, in a boot that keeps changes.
    [[nodiscard]] bool encryptsChanges() const {
        return overlay.encrypt && overlay.persistent && !isImageInMemory();
    }
    [[nodiscard]] const TransferRequest* transfer() const { return std::get_if<TransferRequest>(&image); }
};

// nullopt without a live root (boot_source.h), as bootferry does not serve that boot. Throws Error(Invalid)
// that names the argument, its value and what to write instead.
[[nodiscard]] std::optional<BootRequest> parseBootRequest(const KernelCommandLine& line);

// As rd.bootferry.verify=required. Throws Error(Invalid) if nothing in this boot can be signed.
void demandSignature(BootRequest& boot);

// The arguments besides root=: the first name is the usual one.
struct BootArgumentNames {
    std::vector<std::string_view> names;
    bool takesValue = false;
    bool repeatable = false; // each occurrence counts; of other arguments only the last one
};
[[nodiscard]] std::vector<BootArgumentNames> bootArgumentNames();

} // namespace bootferry
