// SPDX-License-Identifier: LGPL-2.1-or-later
// Sources: KIWI's dracut module kiwi-live, dracut's dmsquash-live, livenet, overlayfs and overlayfs-crypt
// with dracut.cmdline(7), live-boot(7), casper, archiso and Ubuntu's overlayroot, each in its version of 2026
// and in the older ones that still boot.
#include "other_options.h"

#include <algorithm>
#include <array>
#include <iterator>

#include <spdlog/fmt/fmt.h>

#include "errors.h"

namespace bootferry {
namespace {

using Verdict = OtherOption::Verdict;

constexpr std::string_view keepChanges = "rd.live.overlay.persistent keeps changes on the disk of the image";
constexpr std::string_view inTheClear =
    "changes would be written in the clear; rd.live.overlay.persistent with rd.live.encrypt encrypts them";
constexpr std::string_view unverified =
    "the image would be read unverified; rd.bootferry.roothash= verifies it as it is read";
constexpr std::string_view imageIsNamed = "root=live: names the image";
constexpr std::string_view isoFile =
    "iso-scan/filename= names an ISO file, with root=live:CDLABEL= and the label of that ISO";
constexpr std::string_view alwaysAnOverlay = "the root is always an overlay above the read-only image";
constexpr std::string_view mediumStays = "the medium or disk stays in use; without rd.kiwi.live.system=, an "
                                         "image that is fetched lies in memory";

constexpr OtherOption table[] = {
    // KIWI
    {"verityroot", Verdict::Refused, unverified},
    {"rd.kiwi.dialog.timeout", Verdict::Needless, "there are no dialogs"},
    // dracut
    {"rd.live.ram", Verdict::InMemory, mediumStays},
    {"rd.writable.fsimg", Verdict::InMemory, mediumStays},
    {"live_ram", Verdict::InMemory, mediumStays},
    {"writable_fsimg", Verdict::InMemory, mediumStays},
    {"rd.minmem", Verdict::Refused,
     "ramdisk_size= limits the memory of the image, which is checked before the image is fetched"},
    {"rd.overlay.crypt", Verdict::Refused, inTheClear},
    {"rd.overlay.size", Verdict::Refused, "rd.live.overlay.size= is the size of the temporary overlay"},
    {"live.updates", Verdict::Refused, "the updates would be missing; put them into the image"},
    {"roothash", Verdict::Refused, unverified},
    {"rd.live.debug", Verdict::Needless, "the journal has the messages"},
    {"rd.live.overlay.overlayfs", Verdict::Needless, "the overlay is always an overlayfs"},
    {"rd.live.overlay.thin", Verdict::Needless, "the temporary overlay gives freed memory back anyway"},
    {"rd.live.overlay.nouserconfirmprompt", Verdict::Needless, "nobody is asked"},
    // live-boot
    {"toram", Verdict::InMemory, mediumStays},
    {"todisk", Verdict::Refused, "rd.kiwi.live.system= names the disk that the image is written to"},
    {"fetch", Verdict::Refused, imageIsNamed},
    {"httpfs", Verdict::Refused, imageIsNamed},
    {"ftpfs", Verdict::Refused, imageIsNamed},
    {"iscsi", Verdict::Refused, imageIsNamed},
    {"netboot", Verdict::Refused, imageIsNamed},
    {"nfsoverlay", Verdict::Refused, keepChanges},
    {"findiso", Verdict::Refused, isoFile},
    {"fromiso", Verdict::Refused, isoFile},
    {"isofrom", Verdict::Refused, isoFile},
    {"live-media", Verdict::Refused, imageIsNamed},
    {"bootfrom", Verdict::Refused, imageIsNamed},
    {"live-media-offset", Verdict::Refused, imageIsNamed},
    {"live-media-path", Verdict::Refused, "rd.live.dir= is the folder of the root image"},
    {"live-media-encryption", Verdict::Refused,
     "an encrypted root image has to be LUKS, and is then recognised without an option"},
    {"live-media-timeout", Verdict::Needless, "a medium is waited for 90 s"},
    {"module", Verdict::Refused, "rd.live.squashimg= is the name of the root image"},
    {"persistence", Verdict::Refused, keepChanges},
    {"persistence-encryption", Verdict::Refused, inTheClear},
    {"persistence-label", Verdict::Refused, keepChanges},
    {"persistence-media", Verdict::Refused, keepChanges},
    {"persistence-method", Verdict::Refused, keepChanges},
    {"persistence-path", Verdict::Refused, keepChanges},
    {"persistence-storage", Verdict::Refused, keepChanges},
    {"persistence-read-only", Verdict::Refused,
     "rd.live.overlay.readonly shows the kept changes and adds none to them"},
    {"nopersistence", Verdict::Needless, "changes are kept only with rd.live.overlay.persistent"},
    {"overlay-size", Verdict::Refused, "rd.live.overlay.size= is the size of the temporary overlay"},
    {"read-only", Verdict::Refused,
     "disks would be writable; only rd.kiwi.live.system= and rd.live.overlay.persistent write to a disk"},
    {"union", Verdict::Needless, alwaysAnOverlay},
    {"skipunion", Verdict::Refused, alwaysAnOverlay},
    {"exposedroot", Verdict::Refused, alwaysAnOverlay},
    {"plainroot", Verdict::Refused, alwaysAnOverlay},
    {"verify-checksums", Verdict::Refused,
     "rd.live.check verifies the checksum in the image, rd.bootferry.checksum= that of the file"},
    {"dm-verity-root-hash", Verdict::Refused, unverified},
    {"dm-verity-oncorruption", Verdict::Refused, unverified},
    {"dm-verity-enforce-roothash-signature", Verdict::Refused, unverified},
    // casper, archiso
    {"persistent", Verdict::Refused, keepChanges},
    {"persistent-path", Verdict::Refused, keepChanges},
    {"layerfs-path", Verdict::Refused,
     "the root is one image, which rd.live.squashimg= names; layers over it would be missing"},
    {"overlayroot", Verdict::Refused, keepChanges}, // unless it names a tmpfs
    {"cow_label", Verdict::Refused, keepChanges},
    {"cow_device", Verdict::Refused, keepChanges},
};

bool isRefused(const OtherOption& option, bool imageInMemory) {
    return option.verdict == Verdict::Refused || (option.verdict == Verdict::InMemory && !imageInMemory);
}

bool asksForTmpfs(std::string_view value) {
    return value == "tmpfs" || value.starts_with("tmpfs:");
}

} // namespace

std::span<const OtherOption> otherOptions() {
    return table;
}

const OtherOption* findOtherOption(std::string_view name) {
    const KernelArgument written{.name = std::string(name), .value = {}};
    const auto* found = std::find_if(std::begin(table), std::end(table),
                                     [&](const OtherOption& option) { return written.is(option.name); });
    return found == std::end(table) ? nullptr : found;
}

bool asksForSomething(const KernelArgument& argument) {
    static constexpr std::array off{"0", "no", "off", "disabled"};
    return !argument.value || (std::find(off.begin(), off.end(), *argument.value) == off.end() &&
                               !asksForTmpfs(*argument.value));
}

void refuseOtherOptions(const KernelCommandLine& line, bool imageInMemory) {
    for (const auto& argument : line.arguments()) {
        const auto* option = findOtherOption(argument.name);
        if (option != nullptr && isRefused(*option, imageInMemory) && line.find(option->name) == &argument &&
            asksForSomething(argument)) {
            throw Error(ErrorCode::Unsupported,
                        fmt::format("{}{} on the kernel command line is not supported by bootferry: {}",
                                    argument.name, argument.value ? "=" : "", option->text));
        }
    }
}

} // namespace bootferry
