// SPDX-License-Identifier: LGPL-2.1-or-later
// The texts of the files that boot loaders read: pxelinux.cfg/default, grub/grub.cfg and NAME.ipxe. In the
// first two, an export owns one block between two marks, and leaves every other line as it is. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernel_command_line.h"

namespace bootferry {

struct BootEntry {
    std::string name;   // of the export: letters, digits, ".", "_", "+", "-"
    std::string folder; // "live/0123456789abcdef": of kernel and initrd, below FOLDER
    std::vector<KernelArgument> arguments;
};

// The texts of a file without the export's block, with it replaced where it was, or added at the end. If
// nobody else has written into the file, the block also begins with what a menu needs: an entry that starts
// by itself. Throws Error(TargetRefused) for a mark without its end, since lines of others may follow it.
[[nodiscard]] std::string withPxelinuxEntry(std::string_view text, const BootEntry& entry);
[[nodiscard]] std::string withGrubEntry(std::string_view text, const BootEntry& entry);

// A file that belongs to the export as a whole. text: its present contents. Throws Error(TargetRefused) if
// somebody else has written them.
[[nodiscard]] std::string ipxeScript(std::string_view text, const BootEntry& entry);

} // namespace bootferry
