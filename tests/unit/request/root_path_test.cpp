// SPDX-License-Identifier: LGPL-2.1-or-later
#include "root_path.h"

#include <string>

#include <gtest/gtest.h>

#include "errors.h"

using namespace bootferry;

namespace {

std::string rootOf(const std::string& line, const std::optional<std::string>& rootPath) {
    return withRootPath(KernelCommandLine::parse(line), rootPath).find("root")->value.value_or("");
}

} // namespace

TEST(RootPath, ReplacesDhcp) {
    EXPECT_EQ(rootOf("root=dhcp quiet", "live:http://10.0.0.1/live.iso\n"), "live:http://10.0.0.1/live.iso");
    EXPECT_EQ(rootOf("root=/dev/sda root=dhcp", "live:https://10.0.0.1/a"), "live:https://10.0.0.1/a");
    EXPECT_EQ(rootOf("root=dhcp", "live:nbd:http://10.0.0.1/a"), "live:nbd:http://10.0.0.1/a");
}

TEST(RootPath, IsOneArgument) {
    const auto line =
        withRootPath(KernelCommandLine::parse("root=dhcp"), "live:http://10.0.0.1/a\nrd.bootferry.verify=no");
    EXPECT_EQ(line.arguments().size(), 1U);
    EXPECT_EQ(line.find("root")->value, "live:http://10.0.0.1/a");
    EXPECT_THROW((void)rootOf("root=dhcp", "live:http://10.0.0.1/a rd.bootferry.verify=no"), Error);
}

TEST(RootPath, LeavesOtherRootsAlone) {
    EXPECT_EQ(rootOf("root=dhcp", std::nullopt), "dhcp");
    for (const char* path : {"", "\n", "nfs:10.0.0.1:/srv", "iscsi:10.0.0.1::::name", "10.0.0.1:/srv"}) {
        EXPECT_EQ(rootOf("root=dhcp", path), "dhcp") << path;
    }
    for (const char* root : {"live:http://10.0.0.2/a", "/dev/sda", "dhcp6"}) {
        EXPECT_EQ(rootOf(std::string("root=dhcp root=") + root, "live:http://10.0.0.1/a"), root);
    }
    EXPECT_TRUE(withRootPath(KernelCommandLine::parse("quiet"), "live:http://10.0.0.1/a").find("root") ==
                nullptr);
}

// Who answers DHCP requests chooses no disk.
TEST(RootPath, NamesAUrl) {
    for (const char* path :
         {"live:/dev/sda", "live:CDLABEL=A", "live:bootorigin:a.iso", "live:", "live:/a.iso",
          "live:LABEL=a://b", "live:UUID=x://", "live:/dev/sda1://", "live:nbd:LABEL=a://b",
          "live:nbd:/dev/x://y", "live:bootorigin:a://b", "live:://b", "live:nbd:nbd:http://a/b"}) {
        EXPECT_THROW((void)rootOf("root=dhcp", path), Error) << path;
    }
}
