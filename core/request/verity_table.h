// SPDX-License-Identifier: LGPL-2.1-or-later
// /etc/veritytab of an initrd that KIWI has built: it states the root hash of the root image on the same
// medium, whose hash tree lies behind the file system in the image. It is read so that such an image boots
// without further options, and is verified although bootferry takes the place of KIWI's own program. Lines
// other than "verityroot" are ignored: they are for systemd-veritysetup (veritytab(5)). Pure.
#pragma once

#include <string_view>

#include "kernel_command_line.h"

namespace bootferry {

// The line with what the table says about the root image, as if it were written there: a root hash on the
// line itself, and a place of the tree, have precedence. Of an image on a server with another root hash, the
// table says nothing. Throws Error(Invalid) or Error(Unsupported), which
// name the table, if it says something that is not served.
[[nodiscard]] KernelCommandLine withVerityTable(const KernelCommandLine& line, std::string_view table);

// Whether the line has another root hash than the table, of which nothing counts then.
[[nodiscard]] bool overridesVerityTable(const KernelCommandLine& line, std::string_view table);

} // namespace bootferry
