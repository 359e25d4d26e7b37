// SPDX-License-Identifier: LGPL-2.1-or-later
// Which kernel and initrd are taken from an ISO, by the paths that distributions' ISOs have.
#include "boot_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "errors.h"

namespace bootferry {
namespace {

using testing::HasSubstr;
using Paths = std::vector<std::string>;

std::string refusal(const Paths& paths, const std::optional<std::string>& kernel = std::nullopt,
                    const std::optional<std::string>& initrd = std::nullopt) {
    try {
        const auto found = findBootFiles(paths, kernel, initrd);
        return "found " + found.kernel;
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::NotFound);
        return error.what();
    }
}

TEST(BootFiles, FindsThoseOfEachLayout) {
    const std::vector<std::pair<Paths, BootFiles>> cases{
        {{"boot/x86_64/loader/initrd", "boot/x86_64/loader/linux", "LiveOS/squashfs.img"},
         {"boot/x86_64/loader/linux", "boot/x86_64/loader/initrd"}},
        {{"boot/aarch64/loader/linux", "boot/aarch64/loader/initrd"},
         {"boot/aarch64/loader/linux", "boot/aarch64/loader/initrd"}},
        {{"live/vmlinuz", "live/initrd.img", "live/vmlinuz-6.1.0-18-amd64", "live/initrd.img-6.1.0-18-amd64"},
         {"live/vmlinuz", "live/initrd.img"}},
        {{"live/vmlinuz-6.1.0-18-amd64", "live/initrd.img-6.1.0-18-amd64"},
         {"live/vmlinuz-6.1.0-18-amd64", "live/initrd.img-6.1.0-18-amd64"}},
        {{"casper/vmlinuz", "casper/initrd"}, {"casper/vmlinuz", "casper/initrd"}},
        {{"casper/vmlinuz.efi", "casper/initrd.lz"}, {"casper/vmlinuz.efi", "casper/initrd.lz"}},
        {{"images/pxeboot/initrd.img", "images/pxeboot/vmlinuz"},
         {"images/pxeboot/vmlinuz", "images/pxeboot/initrd.img"}},
        {{"arch/boot/x86_64/vmlinuz-linux", "arch/boot/x86_64/initramfs-linux.img",
          "arch/boot/x86_64/initramfs-linux-fallback.img"},
         {"arch/boot/x86_64/vmlinuz-linux", "arch/boot/x86_64/initramfs-linux.img"}},
        {{"LIVE/VMLINUZ", "LIVE/INITRD.IMG"}, {"LIVE/VMLINUZ", "LIVE/INITRD.IMG"}},
    };
    for (const auto& [paths, expected] : cases) {
        EXPECT_EQ(findBootFiles(paths), expected) << paths.front();
    }
}

TEST(BootFiles, TakesNoInitrdOfAnotherKernel) {
    EXPECT_THAT(refusal({"live/vmlinuz-1", "live/vmlinuz-2", "live/initrd.img-3"}),
                HasSubstr("--kernel=PATH"));
    EXPECT_THAT(refusal({"live/vmlinuz-1", "live/vmlinuz-2", "live/initrd.img-1", "live/initrd.img-2"}),
                HasSubstr("several kernels or initrds ('live/vmlinuz-1', 'live/vmlinuz-2')"));
    EXPECT_EQ(findBootFiles({"live/vmlinuz-1", "live/vmlinuz-2", "live/initrd.img-2"}).kernel,
              "live/vmlinuz-2");
}

TEST(BootFiles, AreNotElsewhere) {
    for (const auto* path : {"boot/a/b/loader/linux", "other/live/vmlinuz", "live/sub/vmlinuz",
                             "../live/vmlinuz", "live/vmlinuz/deep"}) {
        EXPECT_THAT(refusal({path, "live/initrd.img"}), HasSubstr("no kernel and initrd")) << path;
    }
}

TEST(BootFiles, AreTakenAsNamed) {
    const Paths paths{"live/vmlinuz", "live/initrd.img", "k", "i"};
    EXPECT_EQ(findBootFiles(paths, "k", "i"), (BootFiles{"k", "i"}));
    EXPECT_EQ(findBootFiles(paths, "k"), (BootFiles{"k", "live/initrd.img"}));
    EXPECT_EQ(findBootFiles(paths, std::nullopt, "i"), (BootFiles{"live/vmlinuz", "i"}));
    EXPECT_THAT(refusal(paths, "K"), HasSubstr("no file 'K' for the kernel"));
    EXPECT_THAT(refusal(paths, "k", "../i"), HasSubstr("no file '../i' for the initrd"));
}

TEST(BootFiles, TheKernelAlone) {
    EXPECT_EQ(findKernel({"live/vmlinuz-1"}), "live/vmlinuz-1");
    EXPECT_EQ(findKernel({"live/vmlinuz-1", "live/vmlinuz"}), "live/vmlinuz");
    EXPECT_EQ(findKernel({"k"}, "k"), "k");
    EXPECT_THROW((void)findKernel({"live/vmlinuz-1", "live/vmlinuz-2"}), Error);
    EXPECT_THROW((void)findKernel({}), Error);
}

// One that a person made to break a line must not break the message.
TEST(BootFiles, NamesAreShownInOneLine) {
    const auto text =
        refusal({"live/vmlinuz-a\nb", "live/vmlinuz-c", "live/initrd.img-a\nb", "live/initrd.img-c"});
    EXPECT_THAT(text, testing::Not(HasSubstr("\n")));
}

} // namespace
} // namespace bootferry
