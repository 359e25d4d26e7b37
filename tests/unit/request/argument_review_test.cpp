// SPDX-License-Identifier: LGPL-2.1-or-later
// Each word of a line is explained, and no secret is shown.
#include "argument_review.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "errors.h"

namespace bootferry {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using Use = ReviewedArgument::Use;

constexpr const char* root = "root=live:http://10.0.0.1/live.iso ";

std::vector<ReviewedArgument> reviewed(const std::string& text) {
    const auto line = KernelCommandLine::parse(text);
    std::optional<BootRequest> request;
    try {
        request = parseBootRequest(line);
    } catch (const Error&) { // NOLINT(bugprone-empty-catch): reviewed all the same
    }
    return reviewArguments(line, request ? &*request : nullptr);
}

ReviewedArgument last(const std::string& text) {
    return reviewed(text).back();
}

TEST(ReviewArguments, EveryArgumentHasAMeaning) {
    for (const auto& argument : bootArgumentNames()) {
        for (const auto name : argument.names) {
            const auto word = last(std::string("root=live:nonsense ") + std::string(name));
            EXPECT_THAT(word.meaning, Not(HasSubstr("an option of bootferry"))) << name;
            EXPECT_EQ(word.use, Use::Read) << name;
        }
    }
}

TEST(ReviewArguments, RootSaysWhatIsBooted) {
    EXPECT_EQ(last("root=live:http://10.0.0.1/live.iso").meaning, "fetch this image over http to /dev/ram0");
    EXPECT_EQ(last("root=live:CDLABEL=A").meaning, "boot the local medium /dev/disk/by-label/A");
    EXPECT_EQ(last("root=/dev/sda1").use, Use::Foreign);
    EXPECT_EQ(last("root=/dev/sda1 rootflags=noatime").use, Use::Foreign);
    const auto words = reviewed("root=live:http://a/b root=/dev/sda1");
    EXPECT_EQ(words[0].meaning, "no effect: a later root= replaces it");
}

TEST(ReviewArguments, WhatHasNoEffectSaysWhy) {
    struct {
        const char* line;
        const char* why;
    } const cases[] = {
        {"root=live:CDLABEL=A rd.bootferry.mirror=http://b/c", "a local medium is not fetched"},
        {"root=live:http://a/b rd.live.overlay.cowfs=xfs", "rd.live.overlay.persistent is not given"},
        {"root=live:http://a/b rd.live.encrypt", "rd.live.overlay.persistent is not given"},
        {"root=live:http://a/b rd.live.overlay.persistent", "a RAM disk keeps no changes"},
        {"root=live:http://a/b rd.kiwi.live.reset", "a RAM disk is always written"},
        {"root=live:http://a/b rd.kiwi.live.system=/dev/sda ramdisk_size=4",
         "the image is written to a disk"},
    };
    for (const auto& [line, why] : cases) {
        EXPECT_EQ(last(line).use, Use::NoEffect) << line;
        EXPECT_THAT(last(line).meaning, HasSubstr(why)) << line;
    }
    EXPECT_THAT(last("root=nfs:10.0.0.1:/a rd.live.image rd.live.overlay.overlayfs=1").meaning,
                HasSubstr("not read by bootferry in this boot"));
    const auto twice = reviewed(std::string(root) + "rd.live.dir=a rd.bootferry.dir=b");
    EXPECT_THAT(twice[1].meaning, HasSubstr("a later one replaces it"));
    EXPECT_EQ(twice[2].use, Use::Read);
    const auto mirrors =
        reviewed(std::string(root) + "rd.bootferry.mirror=http://b/ rd.bootferry.mirror=http://c/");
    EXPECT_EQ(mirrors[1].use, Use::Read);
    EXPECT_EQ(last(std::string(root) + "rd.live.check=0").meaning.substr(0, 5), "off: ");
}

TEST(ReviewArguments, WhatIsNotReadIsToldApart) {
    const auto words =
        reviewed(std::string(root) + "rd.live.overlay.persistant quiet rd.live.overlay=/dev/sda2");
    EXPECT_EQ(words[1].use, Use::Suspicious);
    EXPECT_THAT(words[1].meaning, HasSubstr("did you mean rd.live.overlay.persistent?"));
    EXPECT_EQ(words[2].use, Use::Foreign);
    EXPECT_EQ(words[3].use, Use::Read);
    EXPECT_THAT(words[3].meaning, HasSubstr("the kind of the overlay"));
}

TEST(ReviewArguments, OptionsOfOtherProgramsHaveAVerdict) {
    const std::string onRam = root;
    EXPECT_EQ(last(onRam + "persistence-encryption").use, Use::Suspicious);
    EXPECT_THAT(last(onRam + "persistence-encryption").meaning,
                HasSubstr("is not supported by bootferry: changes"));
    EXPECT_EQ(last(onRam + "persistence-encryption=0").meaning, "no effect: it is off");
    EXPECT_EQ(last(onRam + "rd.live.ram").meaning, "no effect: the image lies in memory");
    EXPECT_THAT(last(onRam + "rd.kiwi.live.system=/dev/sda rd.live.ram").meaning,
                HasSubstr("have the image in memory; otherwise the boot is refused: the medium or disk"));
    EXPECT_THAT(last(onRam + "persistence toram").meaning, HasSubstr("have the image in memory"));
    EXPECT_EQ(last(onRam + "rd.live.overlay.thin").use, Use::NoEffect);
    EXPECT_EQ(last("root=/dev/sda1 persistence").use, Use::Foreign);
    EXPECT_EQ(last(onRam + "rd.live.overlay.size=4096").meaning,
              "the size of the temporary overlay (tmpfs): 4096m");
    const auto twice = reviewed(onRam + "toram toram=0");
    EXPECT_THAT(twice[1].meaning, HasSubstr("a later one replaces it"));
    EXPECT_EQ(reviewed("root=http://u:geheim@a/b")[0].shown, "root=http://a/b");
}

TEST(ReviewArguments, TheBootInterfaceCountsWhereItIsAskedFor) {
    const std::string interface = "BOOTIF=01-52-54-00-12-34-56";
    EXPECT_EQ(last(root + interface).use, Use::Foreign);
    EXPECT_EQ(last(std::string(root) + "rd.kiwi.live.pxe " + interface).use, Use::Read);
}

TEST(ReviewArguments, SecretsAreNotShown) {
    for (const auto& word :
         reviewed("root=live:ftp://u:geheim@a/b rd.bootferry.option=curl:user=u:geheim "
                  "rd.kiwi.live.curl_options=-u,u:geheim rd.kiwi.live.curl_option=-u,u:geheim "
                  "rd.bootferry.mirror=http://u:geheim@a/b systemd.set_credential=bootferry.password:geheim "
                  "inst.repo=http://u:geheim@a/b")) {
        EXPECT_THAT(word.shown, Not(HasSubstr("geheim")));
        EXPECT_THAT(word.meaning, Not(HasSubstr("geheim")));
    }
    EXPECT_EQ(reviewed("root=live:ftp://u:geheim@a/b")[0].shown, "root=live:ftp://a/b");
}

// A forgotten "root=live:", a ':' instead of the '=', or an argument of somebody else.
TEST(ReviewArguments, SecretsAreNotShownWhereverTheyStand) {
    for (const char* word : {"http://u:geheim@a/b",
                             "rootlive:http://u:geheim@a/b",
                             "root:live:http://u:ge=geheim@a/b",
                             "u:geheim@a/b",
                             "geheim@a",
                             "rd.bootferry.mirror:http://u:geheim@a/b",
                             "rd.live.http://u:geheim@a/b",
                             "rd.live.image:http://u:geheim@a/b",
                             "http:/u:geheim",
                             "curl:pass=geheim",
                             "--option=curl:user=u:geheim",
                             "cifspass=geheim",
                             "dolly:password=geheim",
                             "http://a/b?geheim",
                             "bootorigin:live.iso?geheim",
                             "rd.live.curl_options:-u,u:geheim",
                             "rd.iscsi.password=geheim",
                             "rd.iscsi.password:geheim",
                             "live-config.user-password=geheim",
                             "live-config.root-password-crypted=geheim",
                             "password=geheim",
                             "PASSWORD=geheim",
                             "rootpw=geheim",
                             "inst.sshpw=geheim",
                             "inst.vncpassword=geheim",
                             "token=geheim",
                             "my.api_key=geheim",
                             "rd.wifi.psk=geheim",
                             "secret=geheim",
                             "passphrase=geheim",
                             "rootflags=username=u,password=geheim",
                             "rootflags=user=u,pass=geheim",
                             "x=token:geheim",
                             "rd.bootferry.password=geheim",
                             "rd.live.password=geheim"}) {
        for (const auto& reviewedWord : reviewed(std::string(root) + word + " quiet")) {
            EXPECT_THAT(reviewedWord.shown, Not(HasSubstr("geheim"))) << word;
            EXPECT_THAT(reviewedWord.meaning, Not(HasSubstr("geheim"))) << word;
        }
        for (const auto& reviewedWord : reviewed(word)) { // of a line that bootferry does not serve
            EXPECT_THAT(reviewedWord.shown, Not(HasSubstr("geheim"))) << word;
        }
    }
    EXPECT_EQ(last("http://u:geheim@a/b").shown, "http:...");
    for (const char* harmless : {"vconsole.keymap=de", "rd.vconsole.keymap=de", "ip=eth0:dhcp", "monkeys=3",
                                 "systemd.unit=rescue.target", "spec_store_bypass_disable=on"}) {
        EXPECT_EQ(last(harmless).shown, harmless);
    }
}

// A password with a blank that is not quoted is several words.
TEST(ReviewArguments, NoPartOfASecretIsShown) {
    for (const char* line :
         {"root=live:http://u:12 geheim@a/b", "root=live:http://u:geheim 12@a/b",
          "root=live:http://u:1 geheim 3@a/b", "root=live:http://u:1 geheim=2 3@a/b",
          "rd.bootferry.option=curl:user=u:geheim geheim", "rd.bootferry.mirror=http://u:1 geheim@a/b quiet",
          "rd.kiwi.live.curl_options=-u,u:1 geheim quiet", "http://u:geheim 12@a/b", "http://u:1 geheim@a/b",
          "rd.iscsi.password=1 geheim", "-u u:geheim", "curl -u u.x:geheim=1", "cifspass geheim"}) {
        for (const auto& word : reviewed(std::string(root) + line)) {
            EXPECT_THAT(word.shown, Not(HasSubstr("geheim"))) << line;
            EXPECT_THAT(word.shown, Not(HasSubstr(":12"))) << line;
        }
    }
    const auto words =
        reviewed(std::string(root) + "rd.bootferry.option=curl:user=u:1 quiet geheim rd.live.check");
    EXPECT_EQ(words[2].shown, "quiet");
    EXPECT_EQ(words[3].shown, "geheim") << "not behind the secret";
    EXPECT_EQ(words[4].shown, "rd.live.check");
    const auto hidden = last(std::string(root) + "rd.bootferry.option=curl:user=u:1 geheim");
    EXPECT_EQ(hidden.shown, "...");
    EXPECT_EQ(hidden.use, Use::Suspicious);
    EXPECT_THAT(hidden.meaning, HasSubstr("double quotes"));
}

#if BOOTFERRY_VERITY
TEST(ReviewArguments, TheHashTreeIsNamed) {
    const auto hash = "rd.bootferry.roothash=" + std::string(64, 'a');
    EXPECT_THAT(last(root + hash).meaning, HasSubstr("when it is read, by http://10.0.0.1/live.iso.verity"));
    EXPECT_THAT(last(root + ("rd.bootferry.verity=hash-offset:512 " + hash)).meaning,
                ::testing::EndsWith("when it is read"));
}
#endif

TEST(ReviewArguments, ARefusedOptionIsCalledRefused) {
    const auto refused = last(std::string(root) + "rd.bootferry.chekcsum=1");
    EXPECT_EQ(refused.use, Use::Suspicious);
    EXPECT_THAT(refused.meaning, StartsWith("is refused: "));
    EXPECT_THAT(refused.meaning, HasSubstr("did you mean rd.bootferry.checksum?"));
    EXPECT_THAT(last(std::string(root) + "rd.bootferry.frobnicate").meaning, StartsWith("is refused: "));
    EXPECT_THAT(last(std::string(root) + "rd.live.frobnicate").meaning, StartsWith("is ignored: "));
    EXPECT_THAT(last(std::string(root) + "rd.live.encript").meaning, StartsWith("is refused: "));
    EXPECT_THAT(last(std::string(root) + "rd.live.chek").meaning, StartsWith("is refused: "));
    EXPECT_THAT(last(std::string(root) + "rd.live.chek=0").meaning, StartsWith("is ignored: "));
    EXPECT_THAT(last("root=/dev/sda1 rd.live.encript").meaning, StartsWith("is ignored: "));
    EXPECT_THAT(last("root=/dev/sda1 rd.bootferry.chekcsum=1").meaning, StartsWith("is ignored: "));
}

} // namespace
} // namespace bootferry
