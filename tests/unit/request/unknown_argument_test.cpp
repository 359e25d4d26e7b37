// SPDX-License-Identifier: LGPL-2.1-or-later
// Typing errors are recognised, and names that belong to other programs are not.
#include "unknown_argument.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "boot_request.h"

namespace bootferry {
namespace {

using ::testing::HasSubstr;

TEST(SimilarArgument, ATypingErrorIsRecognised) {
    struct {
        const char* written;
        const char* meant;
    } const cases[] = {
        {"rd.live.overlay.persistant", "rd.live.overlay.persistent"},
        {"rd.live.overlay.presistent", "rd.live.overlay.persistent"},
        {"rd.kiwi.live.sytem", "rd.kiwi.live.system"},
        {"rd.kwii.live.system", "rd.kiwi.live.system"},
        {"rd.botfery.checksum", "rd.bootferry.checksum"},
        {"rd.botfery.verify", "rd.bootferry.verify"},
        {"rd.boofery.mirror", "rd.bootferry.mirror"},
        {"rd.bootfery.dir", "rd.live.dir"},
        {"rd.lvie.dir", "rd.live.dir"},
        {"rd.liv.chek", "rd.live.check"},
        {"rd.live.persistence", "rd.live.overlay.persistent"},
        {"rd.kiwi.live.curl_option", "rd.kiwi.live.curl_options"},
        {"rd.kiwi.live.curloptions", "rd.kiwi.live.curl_options"},
        {"rd.bootferry.chekcsum", "rd.bootferry.checksum"},
        {"ramdisksize", "ramdisk_size"},
        {"rootflag", "rootflags"},
        {"media_check", "mediacheck"},
        // Options of other live boot programs.
        {"persistance", "persistence"},
        {"presistence", "persistence"},
        {"persistance-label", "persistence-label"},
        // Separators and letter case.
        {"rd-kiwi-live-system", "rd.kiwi.live.system"},
        {"rd.live.overlay-size", "rd.live.overlay.size"},
        {"rd.live.overlay_cowfs", "rd.live.overlay.cowfs"},
        {"ramdisk.size", "ramdisk_size"},
        {"rd.live.Check", "rd.live.check"},
        // Prefixes.
        {"rd.kiwi.system", "rd.kiwi.live.system"},
        {"rd.live.system", "rd.kiwi.live.system"},
        {"kiwi.live.system", "rd.kiwi.live.system"},
        {"rd.live.kiwi.system", "rd.kiwi.live.system"},
        {"rd.live.reset", "rd.kiwi.live.reset"},
        {"rd.live.sytem", "rd.kiwi.live.system"},
        {"rd.kiwi.live.overlay.persistent", "rd.live.overlay.persistent"},
        {"rd.live.persistent", "rd.live.overlay.persistent"},
        {"rd.live.cowfs", "rd.live.overlay.cowfs"},
        {"overlay.persistent", "rd.live.overlay.persistent"},
        {"rd.curl_options", "rd.kiwi.live.curl_options"},
        {"rd.live.checksum", "rd.bootferry.checksum"},
        {"rd.overlayfs.persistent", "rd.live.overlay.persistent"},
        {"live.overlay.persistent", "rd.live.overlay.persistent"},
        // With the value in the name.
        {"rd.live.overlay.size-512m", "rd.live.overlay.size"},
        {"rd.live.overlay.size:512m", "rd.live.overlay.size"},
        {"rd.kiwi.live.system:/dev/sda", "rd.kiwi.live.system"},
        {"rd-live-dir-LiveOS", "rd.live.dir"},
        // Other words for it.
        {"rd.live.squashfs", "rd.live.squashimg"},
        {"rd.kiwi.live.curlopts", "rd.kiwi.live.curl_options"},
        {"rd.kiwi.live.target", "rd.kiwi.live.system"},
        {"rd.kiwi.live.device", "rd.kiwi.live.system"},
        // Short names behind a prefix that is ours alone.
        {"rd.live.dirs", "rd.live.dir"},
        {"rd.live.squashimage", "rd.live.squashimg"},
        {"rd.kiwi.live.pex", "rd.kiwi.live.pxe"},
    };
    for (const auto& [written, meant] : cases) {
        EXPECT_EQ(similarArgument(written).value_or("nothing"), meant) << written;
    }
}

TEST(SimilarArgument, WhatOtherProgramsReadIsLeftAlone) {
    for (const char* other : {"quiet",
                              "splash",
                              "ro",
                              "rw",
                              "console",
                              "ip",
                              "BOOTIF",
                              "initrd",
                              "BOOT_IMAGE",
                              "rootfstype",
                              "rootdelay",
                              "rootwait",
                              "rootfs",
                              "root_flags2",
                              "init",
                              "panic",
                              "nomodeset",
                              "mem",
                              "ramdisk",
                              "ramdisk_start",
                              "rd.neednet",
                              "rd.timeout",
                              "rd.retry",
                              "rd.shell",
                              "rd.debug",
                              "rd.info",
                              "rd.break",
                              "rd.luks.uuid",
                              "rd.luks.options",
                              "rd.luks.key",
                              "rd.lvm.lv",
                              "rd.md.uuid",
                              "rd.auto",
                              "rd.driver.pre",
                              "rd.driver.blacklist",
                              "rd.driver.post",
                              "rd.udev.log_level",
                              "rd.systemd.unit",
                              "rd.plymouth",
                              "rd.peerdns",
                              "rd.route",
                              "rd.vlan",
                              "rd.net.timeout.carrier",
                              "rd.kiwi.debug",
                              "rd.kiwi.ramdisk",
                              "rd.kiwi.term",
                              "rd.kiwi.oem.maxdisk",
                              "rd.kiwi.oem.installdevice",
                              "rd.kiwi.install.pxe",
                              "rd.kiwi.install.image",
                              "rd.kiwi.allow_plymouth",
                              "systemd.unit",
                              "systemd.log_level",
                              "systemd.debug",
                              "systemd.set_credential",
                              "selinux",
                              "enforcing",
                              "audit",
                              "net.ifnames",
                              "biosdevname",
                              "ds",
                              "inst.repo",
                              "inst.stage2",
                              "inst.ks",
                              "nfsroot",
                              "resume",
                              "noresume",
                              "mitigations",
                              "crashkernel",
                              "overlay",
                              "live",
                              "kiwi",
                              "rd",
                              "rd.live",
                              "bootferry",
                              "system",
                              "reset",
                              "check",
                              "option",
                              "timeout",
                              "",
                              "=",
                              ".",
                              "-"}) {
        EXPECT_EQ(similarArgument(other), std::nullopt)
            << other << " is taken for " << *similarArgument(other);
        EXPECT_FALSE(describeUnknown(other)) << other;
    }
}

TEST(SimilarArgument, NoOptionIsTakenForAnother) {
    for (const auto& argument : bootArgumentNames()) {
        for (const auto name : argument.names) {
            const bool isOldName =
                name.find('.') == std::string_view::npos && name.size() < 9; // not suggested
            EXPECT_TRUE(isOldName || similarArgument(name) == name) << name;
        }
    }
}

TEST(SimilarArgument, CapitalsAreRecognised) {
    for (const auto* written : {"RD.LIVE.RAM", "rd.live.RAM", "Rd_Live-Ram"}) {
        EXPECT_EQ(describeUnknown(written).value_or(""),
                  "is ignored: there is no such option; did you mean rd.live.ram?");
    }
    EXPECT_EQ(describeUnknown("RD.LIVE.CHECK").value_or(""),
              "is ignored: there is no such option; did you mean rd.live.check?");
    EXPECT_FALSE(describeUnknown("TORAM")); // may be a variable of somebody's own
}

TEST(SimilarArgument, AMisspeltRefusedOptionIsRecognised) {
    EXPECT_EQ(similarArgument("rd.live.encyrpt"), "rd.live.encrypt");
    EXPECT_EQ(similarArgument("rd.live-encrypt"), "rd.live.encrypt");
    EXPECT_EQ(similarArgument("rd.kiwi.verity_option"), "rd.kiwi.verity_options");
}

TEST(DescribeUnknown, UnknownNamesUnderOurPrefixesAreNamed) {
    EXPECT_THAT(describeUnknown("rd.kiwi.live.frobnicate").value(), HasSubstr("there is no such option; "));
    EXPECT_THAT(describeUnknown("rd.live.frobnicate").value(), HasSubstr("there is no such option; "));
    EXPECT_THAT(describeUnknown("rd.kiwi.live.sytem").value(),
                HasSubstr("did you mean rd.kiwi.live.system?"));
}

} // namespace
} // namespace bootferry
