// SPDX-License-Identifier: LGPL-2.1-or-later
// A report contains what is known and no secrets, and a machine is what its files say.
#include "boot_report.h"

#include <filesystem>
#include <string>

#include <gtest/gtest.h>
#include <stdlib.h>

#include "files.h"

namespace bootferry {
namespace {

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

TEST(BootReport, HasNeitherQueriesNorNothingInsteadOfNull) {
    TransferStatus status;
    status.id = 1;
    status.url = "http://10.0.0.1/live.iso?token=geheim";
    status.sources = {"http://10.0.0.2/live.iso?geheim"};
    status.detail = "retrying http://10.0.0.1/live.iso?geheim";
    status.errorMessage = "http://10.0.0.1/live.iso?geheim: not found";
    const auto text =
        reportText({.machineId = "m", .bootId = "b", .hostName = "h", .hardwareAddresses = {"a", "c"}},
                   {status}, "http://10.0.0.1/live.iso?geheim failed\nagain");
    EXPECT_FALSE(has(text, "geheim")) << text;
    EXPECT_TRUE(has(text, "http://10.0.0.1/live.iso?...")) << text;
    EXPECT_FALSE(has(text, "\n")) << text;
    EXPECT_TRUE(has(reportText({}, {}, ""), "\"failure\":null")) << reportText({}, {}, "");
    EXPECT_TRUE(has(reportText({}, {}, ""), "\"transfers\":[]")) << reportText({}, {}, "");
}

TEST(BootReport, TheMachineIsWhatItsFilesSay) {
    std::string root = testing::TempDir() + "bootferry-machine-XXXXXX";
    ASSERT_NE(::mkdtemp(root.data()), nullptr);
    writeFileAtomically(root + "/etc/machine-id", "0123\n");
    writeFileAtomically(root + "/proc/sys/kernel/random/boot_id", "4567\n");
    for (const char* interface : {"eth1", "eth0", "lo"}) {
        writeFileAtomically(root + "/sys/class/net/" + interface + "/address",
                            std::string("aa:") + interface + "\n");
    }
    for (const char* interface : {"eth0", "eth1"}) {
        std::filesystem::create_directories(root + "/sys/class/net/" + interface + "/device");
    }
    const auto machine = thisMachine(root);
    std::filesystem::remove_all(root);
    EXPECT_EQ(machine.machineId, "0123");
    EXPECT_EQ(machine.bootId, "4567");
    EXPECT_EQ(machine.hardwareAddresses, (std::vector<std::string>{"aa:eth0", "aa:eth1"}));
}

TEST(BootReport, AMachineOfWhichNothingIsKnownReportsAllTheSame) {
    const auto machine = thisMachine("/nonexistent");
    EXPECT_EQ(machine.machineId, "");
    EXPECT_TRUE(machine.hardwareAddresses.empty());
}

} // namespace
} // namespace bootferry
