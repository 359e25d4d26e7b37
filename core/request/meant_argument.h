// SPDX-License-Identifier: LGPL-2.1-or-later
// Names on the kernel command line that bootferry does not read but that were probably intended for it:
// typing errors, options of dracut's dmsquash-live and of KIWI that it does not support, and unknown names
// that begin with rd.kiwi.live. or rd.live. All other names belong to other programs. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace bootferry {

// The correct name of the option that an unknown name probably stands for: with a typing error, with other
// separators or letter case, or with a wrong prefix ("rd.live.system"). nullopt if there is no similar
// option.
[[nodiscard]] std::optional<std::string_view> meantArgument(std::string_view unknown);

struct UnreadArgument {
    // For people, the end of a sentence that begins with the name.
    std::string text;
    // True if the boot differs from what the line requests; the generator then warns.
    bool differs = true;
};

// name: a name that bootArgumentNames() does not contain. nullopt if it belongs to another program.
[[nodiscard]] std::optional<UnreadArgument> describeUnread(std::string_view name);

} // namespace bootferry
