// SPDX-License-Identifier: LGPL-2.1-or-later
// Options of other live boot programs (KIWI, dracut, Debian's live-boot) that bootferry does not serve. Users
// have them on their lines, so each has a verdict here. An option without which the boot would lose or expose
// something is refused by name; only one that asks for what is so anyway is ignored. docs/compared.md is
// tested against this table. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "kernel_command_line.h"

namespace bootferry {

struct OtherOption {
    enum class Verdict {
        Refused,
        InMemory, // refused, unless the image lies in memory
        Needless, // it asks for what is so anyway
    };
    std::string_view name;
    Verdict verdict;
    std::string_view text; // what to write instead, or why there is nothing to do; the end of a sentence
};

[[nodiscard]] std::span<const OtherOption> otherOptions();

// nullptr if the name is not in the table.
[[nodiscard]] const OtherOption* findOtherOption(std::string_view name);

// False if the value switches the option off, as dracut's getargbool has it: 0, no, off. Likewise those of
// overlayroot=: disabled, and a tmpfs, which the overlay is anyway.
[[nodiscard]] bool asksForSomething(const KernelArgument& argument);

// Throws Error(Unsupported) for the first argument that is refused. Of several with one name the last counts.
void refuseOtherOptions(const KernelCommandLine& line, bool imageInMemory);

} // namespace bootferry
