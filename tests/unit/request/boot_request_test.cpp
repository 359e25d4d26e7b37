// SPDX-License-Identifier: LGPL-2.1-or-later
// Every argument has two names, and every error names the argument.
#include "boot_request.h"

#include <gtest/gtest.h>

#include "errors.h"

namespace bootferry {
namespace {

constexpr const char* root = "root=live:http://10.0.0.1/live.iso ";

BootRequest parsed(const std::string& more) {
    return parseBootRequest(KernelCommandLine::parse(root + more)).value();
}

std::string refusal(const std::string& line) {
    try {
        (void)parseBootRequest(KernelCommandLine::parse(line));
    } catch (const Error& error) {
        return error.what();
    }
    ADD_FAILURE() << "accepted: " << line;
    return {};
}

TEST(BootRequest, ServesOnlyALiveRoot) {
    EXPECT_FALSE(parseBootRequest(KernelCommandLine::parse("root=/dev/sda1 quiet")));
    EXPECT_FALSE(parseBootRequest(KernelCommandLine::parse("quiet")));
}

// A refusal goes to the console, a remark to the journal.
TEST(BootRequest, NoErrorShowsASecret) {
    for (const auto& argument : bootArgumentNames()) {
        for (const auto name : argument.names) {
            for (const auto& value :
                 {std::string("=http://u:geheim@a/b"), std::string("=u:geheim@a"),
                  std::string(":http://u:geheim@a/b"), std::string("=x,password=geheim"),
                  std::string(".password:geheim"), "=http://u:geheim@a/" + std::string(300, 'b')}) {
                const auto line = std::string(root) + std::string(name) + value;
                try {
                    const auto request = parseBootRequest(KernelCommandLine::parse(line));
                    for (const auto& remark : request->remarks) {
                        EXPECT_EQ(remark.find("geheim"), std::string::npos) << line << ": " << remark;
                    }
                } catch (const Error& error) {
                    EXPECT_EQ(std::string(error.what()).find("geheim"), std::string::npos)
                        << line << ": " << error.what();
                }
            }
        }
    }
}

TEST(BootRequest, DefaultsAreTheDocumentedOnes) {
    const auto request = parsed("");
    ASSERT_NE(request.transfer(), nullptr);
    EXPECT_EQ(request.transfer()->url.redacted(), "http://10.0.0.1/live.iso");
    EXPECT_EQ(request.target, "/dev/ram0");
    EXPECT_EQ(request.overlay.size, "50%");
    EXPECT_EQ(request.layout.dir, "LiveOS");
    EXPECT_EQ(request.layout.squashimg, "squashfs.img");
    EXPECT_FALSE(request.transfer()->ramdiskSize);
}

TEST(BootRequest, BothNamesOfAnArgumentMeanTheSame) {
    EXPECT_EQ(parsed("ramdisk_size=2097152").transfer()->ramdiskSize, std::uint64_t{2} << 30U);
    EXPECT_EQ(parsed("rd.bootferry.ramdisk-size=4").transfer()->ramdiskSize, 4096U);
    EXPECT_EQ(parsed("rd.kiwi.live.system=/dev/sda").target, "/dev/sda");
    EXPECT_EQ(parsed("rd.bootferry.system=/dev/sda").target, "/dev/sda");
    EXPECT_TRUE(parsed("rd.kiwi.live.reset").reset);
    EXPECT_FALSE(parsed("rd.bootferry.reset=0").reset);
    EXPECT_TRUE(parsed("mediacheck").check);
    EXPECT_TRUE(parsed("rd.live.check").check);
    EXPECT_EQ(parsed("rd.live.overlay.cowfs=xfs").overlay.cowFilesystem, "xfs");
    EXPECT_TRUE(parsed("rd.live.encrypt").overlay.encrypt);
    const auto isoFile = parseBootRequest(
        KernelCommandLine::parse("root=live:CDLABEL=CDROM iso-scan/filename=/boot/live.iso"));
    EXPECT_EQ(std::get<LocalMedium>(isoFile.value().image).device, "/dev/disk/by-label/CDROM");
    EXPECT_EQ(std::get<LocalMedium>(isoFile.value().image).isoFile, "boot/live.iso");
    EXPECT_FALSE(parsed("rd.live.encrypt rd.bootferry.overlay.encrypt=0").overlay.encrypt);
    EXPECT_EQ(parsed("rd.live.dir=Other").layout.dir, "Other");
    EXPECT_EQ(parsed("rd.bootferry.stall_timeout=2min").transfer()->stallTimeout, std::chrono::minutes(2));
    EXPECT_EQ(parsed("rd.bootferry.connections=3").transfer()->connections, 3U);
    EXPECT_EQ(parsed("").transfer()->connections, defaultConnections);
    EXPECT_EQ(
        parsed("rd.bootferry.mirror=http://a/x rd.bootferry.mirror=http://b/x").transfer()->mirrors.size(),
        2U);
    const PluginOption option{.plugin = "curl", .key = "cacert", .value = "/a=b"};
    EXPECT_EQ(parsed("rd.bootferry.option=curl:cacert=/a=b").transfer()->pluginOptions.at(0), option);
}

TEST(BootRequest, AChecksumIsGivenOrLookedUp) {
    const auto given = "sha256:" + std::string(64, 'a');
    EXPECT_EQ(parsed("rd.bootferry.checksum=" + given).transfer()->checksum, given);
    const auto listed =
        parsed("rd.bootferry.checksum=" + given + " rd.bootferry.checksum=ftp://h/SHA256SUMS");
    EXPECT_EQ(listed.transfer()->checksum, std::nullopt); // the last one wins
    EXPECT_EQ(listed.transfer()->checksumUrl.value().redacted(), "ftp://h/SHA256SUMS");
}

TEST(BootRequest, AnImageIsReadOnDemandIfAsked) {
    EXPECT_FALSE(parsed("").transfer()->onDemand);
    EXPECT_TRUE(parsed("rd.bootferry.ondemand").transfer()->onDemand);
    EXPECT_FALSE(parsed("rd.bootferry.ondemand=0").transfer()->onDemand);
    const auto kiwis =
        parseBootRequest(KernelCommandLine::parse("root=live:nbd:https://u:p@h/live.iso")).value();
    EXPECT_TRUE(kiwis.transfer()->onDemand);
    EXPECT_EQ(kiwis.transfer()->url.redacted(), "https://h/live.iso");
    EXPECT_EQ(kiwis.transfer()->url.userinfo()->user, "u");
    const auto scheme = parseBootRequest(KernelCommandLine::parse("root=live:nbd://h/export")).value();
    EXPECT_FALSE(scheme.transfer()->onDemand) << "a scheme that a plugin may serve";
}

TEST(BootRequest, ADiskThatKeepsChangesIsDeployedFirst) {
    const std::string onDisk = "rd.bootferry.ondemand rd.kiwi.live.system=/dev/sda ";
    EXPECT_TRUE(parsed(onDisk).transfer()->onDemand);
    EXPECT_TRUE(parsed(onDisk).remarks.empty());
    const auto keeps = parsed(onDisk + "rd.live.overlay.persistent");
    EXPECT_FALSE(keeps.transfer()->onDemand);
    ASSERT_EQ(keeps.remarks.size(), 1U);
    EXPECT_NE(keeps.remarks[0].find("no effect with rd.live.overlay.persistent"), std::string::npos);
    EXPECT_TRUE(parsed("rd.bootferry.ondemand rd.live.overlay.persistent").transfer()->onDemand)
        << "a RAM disk keeps none";
}

TEST(BootRequest, WhatIsReadOnDemandIsNotVerifiedBefore) {
    const std::string onDemand = "rd.bootferry.ondemand ";
    for (const auto& wrong :
         {"rd.bootferry.checksum=sha256:" + std::string(64, 'a'),
          std::string("rd.bootferry.checksum=http://h/SHA256SUMS"),
          std::string("rd.bootferry.checksum=http://h/SHA256SUMS rd.bootferry.verify=required"),
          "rd.bootferry.roothash=" + std::string(64, 'a'), std::string("rd.live.check"),
          std::string("rd.bootferry.timeout=1h")}) {
        try {
            (void)parsed(onDemand + wrong);
            ADD_FAILURE() << wrong;
        } catch (const Error& error) {
            EXPECT_NE(std::string(error.what()).find("rd.bootferry.ondemand"), std::string::npos)
                << error.what();
        }
        EXPECT_NO_THROW((void)parsed(wrong)) << wrong;
    }
    auto boot = parsed(onDemand);
    EXPECT_THROW(demandSignature(boot), Error);
}

TEST(BootRequest, WhatEncryptsNothingIsRemarked) {
    const auto isRemarked = [](const std::string& line) {
        const auto remarks = parseBootRequest(KernelCommandLine::parse(line)).value().remarks;
        return std::any_of(remarks.begin(), remarks.end(), [](const std::string& remark) {
            return remark.find("rd.live.encrypt") != std::string::npos;
        });
    };
    const std::string local = "root=live:LABEL=CDROM rd.live.encrypt ";
    EXPECT_TRUE(isRemarked(local));
    EXPECT_FALSE(isRemarked(local + "rd.live.overlay.persistent"));
    EXPECT_TRUE(isRemarked("root=live:http://h/live.iso rd.live.encrypt rd.live.overlay.persistent"));
}

TEST(BootRequest, ASignatureIsOfAList) {
    const std::string list = " rd.bootferry.checksum=http://h/SHA256SUMS";
    EXPECT_FALSE(parsed(list).transfer()->signature);
    EXPECT_EQ(parsed("rd.bootferry.signature=ftp://h/x" + list).transfer()->signature->url->redacted(),
              "ftp://h/x");
    EXPECT_FALSE(parsed("rd.bootferry.signature=auto" + list).transfer()->signature->url);
    const auto demanded = parsed("rd.bootferry.verify=required" + list);
    EXPECT_TRUE(demanded.transfer()->signedOnly);
    EXPECT_TRUE(demanded.transfer()->signature.has_value());
    const auto given = " rd.bootferry.checksum=" + std::string(64, 'a');
    for (const auto& wrong : {"rd.bootferry.signature=auto" + given, "rd.bootferry.verify=required" + given,
                              "rd.bootferry.verify=no" + list, std::string("rd.bootferry.verify=required"),
                              std::string("rd.bootferry.signature=auto"), "rd.bootferry.verify" + list}) {
        EXPECT_THROW((void)parsed(wrong), Error) << wrong;
    }
}

TEST(BootRequest, WhereSignaturesAreDemandedNothingElseBoots) {
    EXPECT_THROW((void)parseBootRequest(
                     KernelCommandLine::parse("root=live:LABEL=CDROM rd.bootferry.verify=required")),
                 Error);
    auto local = parseBootRequest(KernelCommandLine::parse("root=live:LABEL=CDROM")).value();
    EXPECT_THROW(demandSignature(local), Error);
    const auto verified =
        "root=live:LABEL=CDROM rd.bootferry.verify=required rd.bootferry.roothash_signature="
        "base64:MIIB rd.bootferry.verity=hash-offset:4096 rd.bootferry.roothash=" +
        std::string(64, 'a');
    EXPECT_NO_THROW((void)parseBootRequest(KernelCommandLine::parse(verified)));
    EXPECT_THROW((void)parseBootRequest(
                     KernelCommandLine::parse(verified + " rd.kiwi.verity_options=check-at-most-once")),
                 Error);
    auto unsignedBoot = parsed("");
    EXPECT_THROW(demandSignature(unsignedBoot), Error);
    auto listed = parsed("rd.bootferry.checksum=http://h/SHA256SUMS");
    demandSignature(listed);
    EXPECT_TRUE(listed.transfer()->signedOnly && listed.transfer()->signature);
}

TEST(BootRequest, LocalMediaAreNamedAsUdevNamesThem) {
    const auto device = [](const std::string& text) {
        const auto request = parseBootRequest(KernelCommandLine::parse("root=live:" + text)).value();
        return std::get<LocalMedium>(request.image).device;
    };
    EXPECT_EQ(device("CDLABEL=CDROM"), "/dev/disk/by-label/CDROM");
    EXPECT_EQ(device("UUID=2024-01-01"), "/dev/disk/by-uuid/2024-01-01");
    EXPECT_EQ(device("/dev/sr0"), "/dev/sr0");
    EXPECT_EQ(device("LABEL=a/b"), "/dev/disk/by-label/a\\x2fb");
}

// dracut boots each of these as it does root=live:...
TEST(BootRequest, DracutsOtherSpellingsOfALiveRootAreServed) {
    const auto urlOf = [](const std::string& line) {
        return parseBootRequest(KernelCommandLine::parse(line)).value().transfer()->url.redacted();
    };
    EXPECT_EQ(urlOf("root=http://10.0.0.1/live.iso"), "http://10.0.0.1/live.iso");
    EXPECT_EQ(urlOf("root='https://10.0.0.1/live.iso'"), "https://10.0.0.1/live.iso");
    EXPECT_EQ(urlOf("rd.live.image root=ftp://10.0.0.1/live.iso"), "ftp://10.0.0.1/live.iso");
    const auto device = [](const std::string& line) {
        return std::get<LocalMedium>(parseBootRequest(KernelCommandLine::parse(line)).value().image).device;
    };
    EXPECT_EQ(device("root=LABEL=x rd.live.image"), "/dev/disk/by-label/x");
    EXPECT_EQ(device("root=/dev/sr0 rd.live.image=1"), "/dev/sr0");
    EXPECT_EQ(device("root=live:PARTUUID=1234ABCD-01"), "/dev/disk/by-partuuid/1234abcd-01");
    EXPECT_EQ(device("root=live:PARTLABEL=A"), "/dev/disk/by-partlabel/A");
    for (const char* line :
         {"root=LABEL=x", "root=LABEL=x rd.live.image=0", "root=ftp://10.0.0.1/live.iso",
          "root=nfs:10.0.0.1:/x rd.live.image", "root=zfs:rpool rd.live.image", "rd.live.image",
          "root= rd.live.image", "root rd.live.image", "root=live:http://a/b root=/dev/sda1",
          "root=LABEL=x rd.live.encrypt persistence"}) {
        EXPECT_FALSE(parseBootRequest(KernelCommandLine::parse(line))) << line;
    }
}

TEST(BootRequest, AnImageInMemoryIsWhatRamAsksFor) {
    EXPECT_TRUE(parsed("rd.live.ram toram rd.writable.fsimg=1").isImageInMemory());
    EXPECT_FALSE(parsed("rd.kiwi.live.system=/dev/sda rd.live.ram=0").isImageInMemory());
}

TEST(BootRequest, TheNamesBeforeDracut104AreServed) {
    EXPECT_TRUE(parsed("check").check);
    EXPECT_EQ(parsed("live_dir=a").layout.dir, "a");
    EXPECT_TRUE(parsed("overlay=none").overlay.temporary);
    EXPECT_TRUE(parsed("reset_overlay").overlay.reset);
    EXPECT_TRUE(parsed("readonly_overlay").overlay.readOnly);
    EXPECT_TRUE(parsed("live_ram writable_fsimg").isImageInMemory());
    const auto marked = parseBootRequest(KernelCommandLine::parse("root=LABEL=A liveimg"));
    EXPECT_TRUE(marked && std::get<LocalMedium>(marked->image).device == "/dev/disk/by-label/A");
    EXPECT_FALSE(parseBootRequest(KernelCommandLine::parse("root=LABEL=A liveimg=0")));
}

TEST(BootRequest, TheOverlayIsDracutsWhereThatIsClear) {
    EXPECT_EQ(parsed("rd.live.overlay.size=4096").overlay.size, "4096m");
    EXPECT_EQ(parsed("rd.overlay=tmpfs:size=2g").overlay.size, "2g");
    EXPECT_TRUE(parsed("rd.live.overlay=none").overlay.temporary);
    EXPECT_TRUE(parsed("rd.live.overlay=none").remarks.empty());
    EXPECT_EQ(parsed("rd.overlay=tmpfs").overlay.size, parsed("").overlay.size);
    for (const char* on : {"rd.overlay", "rd.overlay=1", "rd.overlay=", "rd.live.overlay=0",
                           "rd.overlay=tmpfs", "rd.overlay=tmpfs:"}) {
        EXPECT_FALSE(parsed(on).overlay.temporary) << on;
    }
    const auto onDisk = parsed("rd.live.overlay=NONE rd.kiwi.live.system=/dev/sda");
    ASSERT_EQ(onDisk.remarks.size(), 1U);
    EXPECT_NE(onDisk.remarks[0].find("changes are lost"), std::string::npos);
    for (const char* name :
         {"rd.live.overlay.readonly", "rd.overlay.readonly", "rd.live.overlayfs.readonly"}) {
        EXPECT_TRUE(parsed(name).overlay.readOnly) << name;
    }
    for (const char* name : {"rd.live.overlay.reset", "rd.overlay.reset", "rd.bootferry.overlay.reset"}) {
        EXPECT_TRUE(parsed(name).overlay.reset) << name;
    }
}

#if BOOTFERRY_VERITY
TEST(BootRequest, AnImageThatIsVerifiedAsItIsReadHasAHashTree) {
    const auto hash = std::string(64, 'a');
    const auto beside = parsed("rd.bootferry.roothash=" + hash);
    EXPECT_EQ(beside.verity.rootHash, hash);
    EXPECT_EQ(beside.verity.tree.value().redacted(), "http://10.0.0.1/live.iso.verity");
    EXPECT_TRUE(beside.verity.isUsualTree);
    const auto named = parsed(
        "rd.bootferry.verity=ftp://h/t rd.kiwi.verity_options=panic-on-corruption rd.bootferry.roothash=" +
        hash);
    EXPECT_EQ(named.verity.tree.value().redacted(), "ftp://h/t");
    EXPECT_FALSE(named.verity.isUsualTree);
    EXPECT_EQ(named.verity.options.size(), 1U);
    const auto within = parsed("rd.bootferry.verity=hash-offset:8192 rd.bootferry.roothash=" + hash);
    EXPECT_EQ(within.verity.offset, 8192U);
    EXPECT_FALSE(within.verity.tree);
    EXPECT_FALSE(parsed("").verity.isRequested());
    const auto roothash = " rd.bootferry.roothash=" + hash;
    EXPECT_TRUE(beside.remarks.empty());
    const auto onDisk = parsed("rd.kiwi.live.system=/dev/sda" + roothash);
    ASSERT_EQ(onDisk.remarks.size(), 1U);
    EXPECT_NE(onDisk.remarks[0].find("fetched at every boot"), std::string::npos);
    const auto offset = "rd.kiwi.live.system=/dev/sda rd.bootferry.verity=hash-offset:512" + roothash;
    EXPECT_TRUE(parsed(offset).remarks.empty());
    const auto kept = parsed(offset + " rd.live.overlay.persistent");
    ASSERT_EQ(kept.remarks.size(), 1U);
    EXPECT_NE(kept.remarks[0].find("are not verified"), std::string::npos);
    EXPECT_NE(refusal("root=live:CDLABEL=x" + roothash).find("hash-offset:BYTES"), std::string::npos);
    EXPECT_NE(
        refusal("root=live:CDLABEL=x rd.bootferry.verity=http://h/t" + roothash).find("hash-offset:BYTES"),
        std::string::npos);
    EXPECT_TRUE(parseBootRequest(
        KernelCommandLine::parse("root=live:CDLABEL=x rd.bootferry.verity=hash-offset:512" + roothash)));
    EXPECT_NE(
        refusal("root=live:dolly://a/ rd.bootferry.option=dolly:trust-server" + roothash).find("dolly sends"),
        std::string::npos);
    // An option that only the tree's URL uses is used.
    EXPECT_TRUE(parseBootRequest(KernelCommandLine::parse(
        "root=live:dolly://a/ rd.bootferry.option=dolly:trust-server rd.kiwi.live.curl_options=-k "
        "rd.bootferry.verity=https://h/t" +
        roothash)));
}
#endif

TEST(BootRequest, ErrorsNameTheArgument) {
    const struct {
        const char* line;
        const char* word;
    } table[] = {
        {"root=live::http://h/x", "one ':' too many"},
        {"root=live:nonsense", "live:http://SERVER/PATH"},
        {"root=live:http://", "root=live:"},
        {"root=live:http://x/y rd.bootferry.checksumm=1", "rd.bootferry.checksumm"},
        {"root=live:http://x/y rd.bootferry.checksum=md5:00", "md5:00"},
        {"root=live:http://x/y ramdisk_size=2G", "2G"},
        {"root=live:http://x/y rd.live.overlay.cowfs=ntfs", "ntfs"},
        {"root=live:http://x/y rd.kiwi.live.system=sda", "sda"},
        {"root=live:http://x/y rd.live.dir=../etc", "../etc"},
        {"root=live:http://x/y rd.kiwi.live.reset=maybe", "maybe"},
        {"root=live:http://x/y rd.kiwi.live.pxe BOOTIF=eth0", "'eth0' is not a hardware address"},
        {"root=live:http://x/y rd.kiwi.live.curl_options=-X,PUT",
         "curl_options=...: curl's option -X/--request"},
        {"root=live:dolly://x/y rd.kiwi.live.dolly_options=-H,a",
         "dolly_options=...: dolly's option -H is refused"},
        {"root=live:http://x/y persistence-encryption",
         "persistence-encryption on the kernel command line is not supported by bootferry: changes would be "
         "written in the clear"},
        {"root=live:CDLABEL=x rd.overlay.crypt=1", "rd.overlay.crypt= on the kernel command line"},
        {"root=live:http://x/y rd.live.encrypt=maybe", "maybe"},
        {"root=live:http://x/y iso-scan/filename=/live.iso", "write root=live:CDLABEL=LABEL"},
        {"root=live:CDLABEL=x iso-scan/filename=/", "expected the path of a file"},
        {"root=live:CDLABEL=x iso-scan/filename=../x", "iso-scan/filename=../x"},
        {"root=live:CDLABEL=x iso-scan/filename", "iso-scan/filename= on the kernel command line needs"},
        {"root=live:http://x/y rd.kiwi.verity_options=x",
         "rd.kiwi.verity_options=x: 'x' is not supported by bootferry"},
        {"root=live:http://x/y rd.kiwi.verity_options", "rd.kiwi.verity_options= on the kernel command line"},
        {"root=live:http://x/y rd.kiwi.verity_options=panic-on-corruption",
         "without rd.bootferry.roothash= the image would be read unverified"},
        {"root=live:http://x/y rd.bootferry.verity=http://x/t",
         "rd.bootferry.verity= on the kernel command line"},
        {"root=live:http://x/y rd.bootferry.verity=x", "rd.bootferry.verity=x: expected the URL"},
        {"root=live:http://x/y rd.bootferry.roothash=0", "rd.bootferry.roothash=0: expected the root hash"},
        {"root=live:http://x/y rd.bootferry.roothash", "rd.bootferry.roothash="},
        {"root=live:http://x/y rd.bootferry.root_hash=0", "did you mean rd.bootferry.roothash?"},
        {"root=live:CDLABEL=x rd.live.ram", "rd.live.ram"},
        {"root=live:http://x/y rd.live.ram rd.kiwi.live.system=/dev/sda", "rd.live.ram"},
        {"root=live:CDLABEL=x rd.writable.fsimg=1", "rd.writable.fsimg="},
        {"root=live:http://x/y rd.live.overlay=/dev/sdb1",
         "rd.live.overlay=/dev/sdb1: the only overlays are"},
        // The switch does not hide the device.
        {"root=live:http://x/y rd.live.overlay=LABEL=x rd.overlay", "rd.live.overlay=LABEL=x"},
        {"root=live:http://x/y rd.overlay=tmpfs:nr_inodes=5", "rd.overlay=tmpfs:nr_inodes=5"},
        {"root=live:http://x/y rd.overlay=tmpfs:size=512M,nr_inodes=100000",
         "of the options of tmpfs, only one size="},
        {"root=live:http://x/y bootferry.verify=required", "did you mean rd.bootferry.verify?"},
        {"root=live:http://x/y RD.BOOTFERRY.VERIFY=required", "did you mean rd.bootferry.verify?"},
        {"root=live:http://x/y rd.bootfery.signature=auto", "did you mean rd.bootferry.signature?"},
        {"root=live:http://x/y rd.kiwi.live.encrypt", "did you mean rd.live.encrypt?"},
        {"root=live:http://x/y rd.live.chek", "did you mean rd.live.check?"},
        {"root=live:http://x/y rd.overlay=tmpfsx", "the only overlays are"},
        {"root=live:http://x/y overlay=UUID=1234-ABCD", "overlay=UUID=1234-ABCD: the only overlays are"},
        {"root=live:http://x/y overlayroot=/dev/sda2",
         "overlayroot= on the kernel command line is not supported"},
        {"root=live:http://x/y overlayroot=crypt:dev=/dev/sda2",
         "overlayroot= on the kernel command line is not supported"},
        {"root=live:http://x/y layerfs-path=a.squashfs",
         "layerfs-path= on the kernel command line is not supported"},
        {"root=live:CDLABEL=x live_ram", "live_ram on the kernel command line is not supported"},
        {"root=live:http://x/y rd.kiwi.live.system=/dev/sda persistent", "rd.live.overlay.persistent keeps"},
        {"root=live:http://x/y rd.overlay=tmpfs:size=4k",
         "rd.overlay=tmpfs:size=4k: expected a size of 1 MiB"},
        {"root=live:http://x/y rd.live.overlay=none rd.live.overlay.persistent", "contradict each other"},
        {"root=live:http://x/y rd.overlay.readonly rd.overlay.reset", "contradict each other"},
        {"root=live:http://x/y rd.live.overlay.size=4k", "rd.live.overlay.size=4k: expected a size of 1 MiB"},
        {"root=live:http://x/y rd.live.overlay.size=2097152",
         "rd.live.overlay.size=2097152: expected a unit"},
        {"root=live:AOEINTERFACE=e1.1", "followed by AOEINTERFACE="},
        {"root=live:PARTUUID=", "does not name a medium"},
        {"root=http://", "root=live:"},
        {"root=live:dolly://x/ rd.kiwi.live.dolly_options=-P,a", "dolly's password proves this machine"},
        {"root=live:dolly://:a@x/", "rd.bootferry.option=dolly:trust-server"},
        {"root=live:http://x/y rd.bootferry.checksum=http://u@x/SHA256SUMS", "user name or password"},
        {"root=live:http://x/y rd.bootferry.checksum=http://", "rd.bootferry.checksum"},
    };
    for (const auto& [line, word] : table) {
        EXPECT_NE(refusal(line).find(word), std::string::npos) << line << " → " << refusal(line);
    }
}

TEST(BootRequest, ErrorsContainNoSecret) {
    for (const char* line :
         {"root=live:http://user:geheim@x:nan/y",
          "root=live:http://x/y rd.kiwi.live.curl_options=-u,user:geheim,-d,geheim",
          "root=live:dolly://x/y rd.kiwi.live.dolly_options=-P,a,geheim",
          "root=live:http://x/y rd.bootferry.mirror=http://user:geheim@x/y",
          "root=live:http://x/y fetch=http://user:geheim@x/y",
          "root=live:http://x/y live.updates=http://user:geheim@x/y", "root=http://user:geheim@x:nan/y",
          "root=live:http://x/y rd.bootferry.checksum=http://user:geheim@x/y"}) {
        EXPECT_EQ(refusal(line).find("geheim"), std::string::npos) << refusal(line);
    }
}

} // namespace
} // namespace bootferry
