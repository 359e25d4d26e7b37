// SPDX-License-Identifier: LGPL-2.1-or-later
// Names on the kernel command line that bootferry does not read although somebody may have meant it to:
// typing errors, options of dracut's dmsquash-live and of KIWI that it does not serve, and unknown names
// under rd.kiwi.live. and rd.live. Everything else belongs to other programs. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace bootferry {

// The option that an unknown name probably means, as bootferry spells it: a typing error, other separators or
// letter case, or a wrong prefix ("rd.live.system"). nullopt if it resembles none.
[[nodiscard]] std::optional<std::string_view> meantArgument(std::string_view unknown);

struct UnreadArgument {
    // For people, the end of a sentence that begins with the name.
    std::string text;
    // Does the boot differ from what the line requests? Then the generator warns.
    bool differs = true;
};

// name: of an argument that bootArgumentNames() does not contain. nullopt if it concerns other programs only.
[[nodiscard]] std::optional<UnreadArgument> describeUnread(std::string_view name);

} // namespace bootferry
