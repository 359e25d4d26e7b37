// SPDX-License-Identifier: LGPL-2.1-or-later
// Names on the kernel command line that nothing reads but that were probably intended for bootferry: typing
// errors, and unknown names that begin with rd.kiwi.live. or rd.live. All other names belong to other
// programs. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "kernel_command_line.h"

namespace bootferry {

// The correct name of the option that an unknown name probably stands for: with a typing error, with other
// separators or letter case, or with a wrong prefix ("rd.live.system"). nullopt if there is no similar
// option.
[[nodiscard]] std::optional<std::string_view> similarArgument(std::string_view unknown);

// That option, if it protects the boot (verifies, or encrypts changes) and the unknown argument is not
// switched off. A live boot with such an argument is refused.
[[nodiscard]] std::optional<std::string_view> protectionMeantBy(const KernelArgument& unknown);

// The end of a sentence that begins with the name. name: one that neither bootArgumentNames() nor
// otherOptions() contains. nullopt if it belongs to another program.
[[nodiscard]] std::optional<std::string> describeUnknown(std::string_view name);

} // namespace bootferry
