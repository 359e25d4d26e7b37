// SPDX-License-Identifier: LGPL-2.1-or-later
// The words the generator writes are understood, and every other one is refused by its name.
#include "live_root.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "boot_request.h"
#include "errors.h"

namespace bootferry {
namespace {

using testing::HasSubstr;

std::string refusal(const std::vector<std::string>& arguments) {
    try {
        (void)parseLiveRootArguments(arguments);
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::Invalid);
        return error.what();
    }
    ADD_FAILURE() << "nothing was thrown";
    return {};
}

TEST(LiveRootArguments, ParsesTheUnitsCommandLine) {
    const auto request = parseLiveRootArguments(
        {"--dir=images/today", "--squashimg=root.erofs", "--overlay-size=2g", "/run/bootferry/image"});
    EXPECT_EQ(request.device, "/run/bootferry/image");
    EXPECT_EQ(request.imagePath(), "images/today/root.erofs");
    EXPECT_EQ(request.overlaySize, "2g");
    EXPECT_EQ(request.runDir, "/run/overlay");
}

TEST(LiveRootArguments, DefaultsAreTheKernelCommandLines) {
    const auto request = parseLiveRootArguments({"/dev/ram0"});
    EXPECT_EQ(request.dir, LiveLayout{}.dir);
    EXPECT_EQ(request.squashimg, LiveLayout{}.squashimg);
    EXPECT_EQ(request.overlaySize, OverlayRequest{}.size);
}

TEST(LiveRootArguments, LargeSizesThatDoNotWrapAreTaken) {
    for (const char* size : {"4096g", "8589934591g", "100%", "8796093022207M", "1m"}) {
        EXPECT_EQ(parseLiveRootArguments({std::string("--overlay-size=") + size, "/dev/ram0"}).overlaySize,
                  size);
    }
}

TEST(LiveRootArguments, TheOverlayIsShownOrReset) {
    const auto request = parseLiveRootArguments({"--persistent", "--overlay-readonly", "/dev/ram0"});
    EXPECT_TRUE(request.overlayReadOnly);
    EXPECT_FALSE(request.overlayReset);
    EXPECT_TRUE(parseLiveRootArguments({"--overlay-reset", "/dev/ram0"}).overlayReset);
    EXPECT_THAT(refusal({"--overlay-reset=0", "/dev/ram0"}), HasSubstr("unknown option"));
}

TEST(LiveRootArguments, AnIsoFileIsNamedByItsPathOnAFileSystem) {
    EXPECT_EQ(parseLiveRootArguments({"--iso-scan=/boot/a.iso", "/dev/disk/by-label/X"}).isoFile,
              "boot/a.iso");
    const auto kept = parseLiveRootArguments(
        {"--iso-scan=a.iso", "--persistent", "--cow-file=/isos/a.cow", "--cow-file-size=128", "/dev/sr0"});
    EXPECT_EQ(kept.cowFile, "isos/a.cow");
    EXPECT_EQ(kept.cowFileMib, 128U);
    EXPECT_THAT(refusal({"--cow-file=", "/dev/sr0"}), HasSubstr("expected a file name"));
    EXPECT_THAT(refusal({"--cow-file-size=1g", "/dev/sr0"}), HasSubstr("expected a size in MiB"));
    EXPECT_THAT(refusal({"--iso-scan=", "/dev/sr0"}), HasSubstr("expected a file name"));
    EXPECT_THAT(refusal({"--iso-scan=/a/../../b", "/dev/sr0"}), HasSubstr("--iso-scan=/a/../../b"));
}

TEST(LiveRootArguments, TheInitrdIsAskedForItsAbilitiesWithoutADevice) {
    EXPECT_TRUE(parseLiveRootArguments({"--persistent", "--encrypt", "/dev/vda"}).encrypt);
    const auto request = parseLiveRootArguments({"--can=verify", "--can=encrypt"});
    ASSERT_EQ(request.abilities.size(), 2U);
    EXPECT_STREQ(request.abilities.at(0).target, "verity");
    EXPECT_STREQ(request.abilities.at(1).target, "crypt");
    const auto roothash = "--roothash=" + std::string(64, 'a');
    const auto isSigned =
        parseLiveRootArguments({"--can=verify", roothash, "--roothash-signature=base64:MIIB"});
    EXPECT_EQ(isSigned.verity.signature, "base64:MIIB");
    EXPECT_THAT(refusal({"--can=verify", "--roothash-signature=/x"}), HasSubstr("without --roothash=HEX"));
    EXPECT_THAT(refusal({"--can=fly"}), HasSubstr("expected verify or encrypt, not 'fly'"));
    EXPECT_THAT(refusal({"--can"}), HasSubstr("expected verify or encrypt"));
}

TEST(LiveRootArguments, ARootHashNeedsAHashTree) {
    const std::string roothash = "--roothash=" + std::string(64, 'A');
    const auto request =
        parseLiveRootArguments({roothash, "--verity-tree=/run/x",
                                "--verity-options=panic-on-corruption,ignore-zero-blocks", "/dev/ram0"});
    EXPECT_EQ(request.verity.rootHash, std::string(64, 'a'));
    EXPECT_EQ(request.verityTree, "/run/x");
    EXPECT_EQ(request.verity.options.size(), 2U);
    EXPECT_EQ(parseLiveRootArguments({roothash, "--verity-offset=4096", "/dev/ram0"}).verity.offset, 4096U);
    EXPECT_FALSE(parseLiveRootArguments({"/dev/ram0"}).verity.isRequested());
    EXPECT_THAT(refusal({roothash, "/dev/ram0"}), HasSubstr("either --verity-tree=FILE or"));
    EXPECT_THAT(refusal({roothash, "--verity-tree=/x", "--verity-offset=512", "/dev/ram0"}),
                HasSubstr("either --verity-tree=FILE or"));
    EXPECT_THAT(refusal({"--verity-tree=/x", "/dev/ram0"}), HasSubstr("without --roothash=HEX"));
    EXPECT_THAT(refusal({"--verity-options=panic-on-corruption", "/dev/ram0"}), HasSubstr("without"));
    EXPECT_THAT(refusal({"--verity-tree=x", "/dev/ram0"}), HasSubstr("absolute path"));
    EXPECT_THAT(refusal({"--roothash=", "/dev/ram0"}), HasSubstr("root hash"));
}

TEST(LiveRootArguments, TheTopOfTheMediumIsAFolderToo) {
    EXPECT_EQ(parseLiveRootArguments({"--dir=", "/dev/ram0"}).imagePath(), "squashfs.img");
    EXPECT_EQ(parseLiveRootArguments({"--dir=/", "/dev/ram0"}).imagePath(), "squashfs.img");
}

TEST(LiveRootArguments, RefusesByName) {
    EXPECT_THAT(refusal({}), HasSubstr("DEVICE"));
    EXPECT_THAT(refusal({""}), HasSubstr("DEVICE"));
    EXPECT_THAT(refusal({"/dev/ram0", "/dev/sda"}), HasSubstr("'/dev/sda'"));
    EXPECT_THAT(refusal({"--wipe", "/dev/ram0"}), HasSubstr("--wipe: unknown option"));
    EXPECT_THAT(refusal({"-o", "/dev/ram0"}), HasSubstr("-o: unknown option"));
    EXPECT_THAT(refusal({"--dir=../etc", "/dev/ram0"}), HasSubstr("--dir=../etc: "));
    EXPECT_THAT(refusal({"--squashimg=a/../../b", "/dev/ram0"}), HasSubstr("'..'"));
    EXPECT_THAT(refusal({"--squashimg=", "/dev/ram0"}), HasSubstr("--squashimg=: "));
    EXPECT_THAT(refusal({"--overlay-size=lots", "/dev/ram0"}), HasSubstr("--overlay-size=lots: "));
    EXPECT_THAT(refusal({"--overlay-size=1g,mode=0777", "/dev/ram0"}), HasSubstr("512m"));
    for (const char* size : {"18446744073709551615", "18014398509481984k", "17179869184g", "8796093022208m",
                             "9223372036854775807", "18446744073709551616"}) {
        EXPECT_THAT(refusal({std::string("--overlay-size=") + size, "/dev/ram0"}), HasSubstr("expected a"))
            << size;
    }
    EXPECT_THAT(refusal({"--run-dir=overlay", "/dev/ram0"}), HasSubstr("absolute"));
}

} // namespace
} // namespace bootferry
