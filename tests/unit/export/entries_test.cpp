// SPDX-License-Identifier: LGPL-2.1-or-later
// The text of entries, and that an export changes nothing but its own block.
#include "entries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "errors.h"

namespace bootferry {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

BootEntry entryOf(const std::string& name, const std::string& version = "0123456789abcdef") {
    return {.name = name,
            .folder = name + "/" + version,
            .arguments = {{"root", "live:u"}, {"a", "b c"}, {"quiet", {}}}};
}

TEST(Entries, OfPxelinux) {
    EXPECT_EQ(withPxelinuxEntry("", entryOf("live")),
              "# bootferryctl export: begin live (the next export of this name replaces it)\n"
              "DEFAULT live\n"
              "PROMPT 0\n"
              "LABEL live\n"
              "    MENU LABEL live\n"
              "    LINUX live/0123456789abcdef/kernel\n"
              "    INITRD live/0123456789abcdef/initrd\n"
              "    APPEND root=live:u \"a=b c\" quiet\n"
              "# bootferryctl export: end live\n");
}

TEST(Entries, OfGrub) {
    EXPECT_EQ(withGrubEntry("", entryOf("live")),
              "# bootferryctl export: begin live (the next export of this name replaces it)\n"
              "set timeout=5\n"
              "menuentry 'live' --id 'live' {\n"
              "    set bootferry_folder=''\n"
              "    regexp --set=1:bootferry_folder '^(.*)/grub$' \"$prefix\"\n"
              "    linux \"$bootferry_folder\"/live/0123456789abcdef/kernel 'root=live:u' 'a=b c' 'quiet'\n"
              "    initrd \"$bootferry_folder\"/live/0123456789abcdef/initrd\n"
              "}\n"
              "# bootferryctl export: end live\n");
}

TEST(Entries, OfIpxe) {
    EXPECT_EQ(ipxeScript("", entryOf("live")),
              "#!ipxe\n"
              "# bootferryctl export: live (the next export of this name replaces it)\n"
              "kernel live/0123456789abcdef/kernel initrd=initrd root=live:u \"a=b c\" quiet\n"
              "initrd --name initrd live/0123456789abcdef/initrd\n"
              "boot\n");
}

TEST(Entries, RepeatedAreTheSame) {
    for (auto* write : {withPxelinuxEntry, withGrubEntry, ipxeScript}) {
        const auto once = write("", entryOf("live"));
        EXPECT_EQ(write(once, entryOf("live")), once);
    }
}

TEST(Entries, LeaveOtherLinesAsTheyAre) {
    const std::string before = "UI menu.c32\n\n  LABEL mine\n\tKERNEL k \r\n# begin of something";
    for (auto* write : {withPxelinuxEntry, withGrubEntry}) {
        const auto first = write(before, entryOf("live"));
        EXPECT_THAT(first, StartsWith(before + "\n"));
        EXPECT_THAT(first, Not(HasSubstr("DEFAULT")));
        EXPECT_THAT(first, Not(HasSubstr("timeout")));
        const auto second = write(first + "LABEL behind\n", entryOf("live", "fedcba9876543210"));
        EXPECT_THAT(second, StartsWith(before + "\n"));
        EXPECT_THAT(second, testing::EndsWith("end live\nLABEL behind\n"));
        EXPECT_THAT(second, HasSubstr("live/fedcba9876543210/kernel"));
        EXPECT_THAT(second, Not(HasSubstr("0123456789abcdef")));
    }
}

TEST(Entries, OfSeveralExportsAreBesideEachOther) {
    for (auto* write : {withPxelinuxEntry, withGrubEntry}) {
        const auto both = write(write("", entryOf("live")), entryOf("live2"));
        EXPECT_THAT(both, HasSubstr("begin live "));
        EXPECT_THAT(both, HasSubstr("begin live2 "));
        EXPECT_EQ(write(write(both, entryOf("live2")), entryOf("live")),
                  both); // the first one still starts by itself
        EXPECT_EQ(both.find("DEFAULT", both.find("DEFAULT") + 1), std::string::npos);
    }
}

TEST(Entries, WithoutPairsOfMarksAreNotTouched) {
    const auto block = withPxelinuxEntry("", entryOf("live"));
    const auto begin = block.substr(0, block.find('\n') + 1);
    const std::string end = "# bootferryctl export: end live\n";
    const auto other = withPxelinuxEntry("", entryOf("other"));
    for (const auto& text : {begin, end, begin + "LABEL mine\n", begin + other + end, begin + begin + end,
                             block + end, begin + "# bootferryctl export: end other\n"}) {
        EXPECT_THROW((void)withPxelinuxEntry(text, entryOf("live")), Error) << text;
        EXPECT_THROW((void)withGrubEntry(text, entryOf("third")), Error) << text;
    }
}

TEST(Entries, AScriptOfSomebodyElseIsNotReplaced) {
    EXPECT_THROW((void)ipxeScript("#!ipxe\nshell\n", entryOf("live")), Error);
    EXPECT_THROW((void)ipxeScript(ipxeScript("", entryOf("other")), entryOf("live")), Error);
}

} // namespace
} // namespace bootferry
