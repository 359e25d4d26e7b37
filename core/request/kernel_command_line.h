// SPDX-License-Identifier: LGPL-2.1-or-later
// The kernel command line, parsed by the rules of its other readers, so that a line means the same to all of
// them: words and quotes as in systemd's proc-cmdline.c, '-' and '_' equal in a name (systemd, the kernel),
// the last of several arguments wins (both), a switch is on without a value and off with 0, no, off or false
// (dracut's getargbool).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bootferry {

struct KernelArgument {
    std::string name;                 // as written
    std::optional<std::string> value; // absent: there was no '='

    // '-' and '_' are the same character in a name.
    [[nodiscard]] bool is(std::string_view other) const;
};

class KernelCommandLine {
public:
    KernelCommandLine() = default;
    explicit KernelCommandLine(std::vector<KernelArgument> arguments) : arguments_(std::move(arguments)) {}

    // Never fails: a quote that is not closed ends with the line.
    [[nodiscard]] static KernelCommandLine parse(std::string_view text);

    [[nodiscard]] const std::vector<KernelArgument>& arguments() const { return arguments_; }

    // The last argument of that name, or nullptr.
    [[nodiscard]] const KernelArgument* find(std::string_view name) const;

private:
    std::vector<KernelArgument> arguments_;
};

// The value of a switch; true without a value, nullopt if the value is neither yes nor no.
[[nodiscard]] std::optional<bool> switchValue(const KernelArgument& argument);

} // namespace bootferry
