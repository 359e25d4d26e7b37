// SPDX-License-Identifier: LGPL-2.1-or-later
// One line must mean the same to systemd, dracut and bootferry: quotes, the last of several, '-' for '_',
// switches.
#include "kernel_command_line.h"

#include <gtest/gtest.h>

namespace bootferry {
namespace {

std::optional<std::string> valueOf(std::string_view line, std::string_view name) {
    const auto parsed = KernelCommandLine::parse(line);
    const auto* argument = parsed.find(name);
    return argument != nullptr ? argument->value : std::nullopt;
}

TEST(KernelCommandLine, ReadsWordsQuotesAndNames) {
    EXPECT_EQ(valueOf("quiet root=live:http://x/y\n", "root"), "live:http://x/y");
    EXPECT_EQ(valueOf("a=\"b c\" d=e", "a"), "b c");
    EXPECT_EQ(valueOf("\"a=b c\" d=e", "a"), "b c");
    EXPECT_EQ(valueOf("a=1 a=2", "a"), "2");
    EXPECT_EQ(valueOf("ramdisk-size=7", "ramdisk_size"), "7");
    EXPECT_EQ(valueOf("a=b=c", "a"), "b=c");
    EXPECT_EQ(valueOf("a=", "a"), "");
    EXPECT_EQ(valueOf("a=\"never closed", "a"), "never closed");
    EXPECT_TRUE(KernelCommandLine::parse("").arguments().empty());
}

TEST(KernelCommandLine, ASwitchIsOnByItself) {
    const auto state = [](std::string_view line) {
        const auto parsed = KernelCommandLine::parse(line);
        return switchValue(*parsed.find("s"));
    };
    for (const char* on : {"s", "s=1", "s=yes", "s=0 s=1"}) {
        EXPECT_EQ(state(on), true) << on;
    }
    for (const char* off : {"s=0", "s=no", "s=off", "s=false", "s s=0"}) {
        EXPECT_EQ(state(off), false) << off;
    }
    EXPECT_FALSE(state("s=perhaps"));
}

} // namespace
} // namespace bootferry
