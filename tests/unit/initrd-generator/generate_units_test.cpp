// SPDX-License-Identifier: LGPL-2.1-or-later
// Command lines in, unit texts out: what an administrator reads with systemctl cat.
#include "generate_boot.h"
#include "generate_units.h"

#include <algorithm>

#include <gtest/gtest.h>
#include <spdlog/fmt/fmt.h>

#include "errors.h"
#include "unit_escaping.h"

namespace bootferry {
namespace {

const InstalledPaths paths{.bootferryctl = "/usr/bin/bootferryctl",
                           .liveRoot = "/usr/lib/bootferry/bootferry-live-root",
                           .report = "/usr/lib/bootferry/bootferry-report",
                           .workerUser = "bootferry",
                           .certificates = "ImportCredential=bootferry.cacert",
                           .service = "/usr/lib/bootferry/bootferryd",
                           .credentials = "ImportCredential=bootferry.*"};

UnitFiles generated(const std::string& line) {
    return generateUnits(parseBootRequest(KernelCommandLine::parse(line)).value(), paths);
}

std::string textOf(const std::vector<UnitFile>& units, const std::string& name) {
    const auto found =
        std::find_if(units.begin(), units.end(), [&](const auto& u) { return u.path == name; });
    return found != units.end() ? found->text : "";
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

TEST(GenerateUnits, AMachineReportsHomeIfAsked) {
    const auto plain = generated("root=live:http://10.0.0.1/live.iso");
    EXPECT_EQ(textOf(plain.normal, "bootferry-report.service"), "");
    EXPECT_FALSE(has(textOf(plain.normal, "bootferry-deploy.service"), "bootferry-report"));

    const auto files =
        generated("root=live:http://10.0.0.1/live.iso rd.bootferry.report=http://10.0.0.2/r?a=%41");
    const auto report = textOf(files.normal, "bootferry-report.service");
    EXPECT_TRUE(has(report, "ExecStart=/usr/lib/bootferry/bootferry-report \"http://10.0.0.2/r?a=%%41\"\n"))
        << report;
    EXPECT_TRUE(has(report, "User=bootferry\n")) << report;
    EXPECT_TRUE(has(report, "ImportCredential=bootferry.cacert\n")) << report;
    EXPECT_TRUE(has(textOf(files.normal, "bootferry-deploy.service"), " bootferry-report.service\n"));
    for (const char* url : {"ftp://10.0.0.2/", "http://u:p@10.0.0.2/", "nonsense"}) {
        EXPECT_THROW((void)generated(std::string("root=live:http://10.0.0.1/a rd.bootferry.report=") + url),
                     Error);
    }
    // A local medium has no transfer to report.
    EXPECT_EQ(textOf(generated("root=live:LABEL=x rd.bootferry.report=http://10.0.0.2/").normal,
                     "bootferry-report.service"),
              "");
}

TEST(GenerateUnits, WhatServesTheRootOutlivesTheInitrd) {
    const auto plain = generated("root=live:http://10.0.0.1/live.iso");
    EXPECT_TRUE(plain.lasting.empty());
    EXPECT_FALSE(has(textOf(plain.normal, "bootferry-deploy.service"), "demand"));

    const auto files = generated("root=live:http://10.0.0.1/live.iso rd.bootferry.ondemand");
    const auto deploy = textOf(files.normal, "bootferry-deploy.service");
    EXPECT_TRUE(has(deploy, " --on-demand ")) << deploy;
    EXPECT_TRUE(has(deploy, "After=bootferry-ondemand.service\n")) << deploy;
    EXPECT_FALSE(has(deploy, "bootferryd.socket\n")) << "it would listen on the same socket: " << deploy;
    const auto service = textOf(files.lasting, "bootferry-ondemand.service");
    EXPECT_TRUE(has(service, "ExecStart=@/usr/lib/bootferry/bootferryd @bootferryd --outlive-initrd\n"))
        << service;
    EXPECT_TRUE(has(service, "IgnoreOnIsolate=yes\n")) << service;
    EXPECT_TRUE(has(service, "ImportCredential=bootferry.*\n")) << service;
    EXPECT_TRUE(has(service, "\nKillMode=process\n")) << "the worker outlives bootferryd: " << service;
    EXPECT_FALSE(has(service, "Conflicts=")) << service;
}

#if BOOTFERRY_VERITY
TEST(GenerateUnits, AHashTreeIsFetchedBeforeTheImageAndGivenToTheLiveRoot) {
    const auto hash = std::string(64, 'a');
    const auto roothash = " rd.bootferry.roothash=" + hash;
    const auto files = generated("root=live:http://u:geheim@h/live.iso rd.bootferry.mirror=http://m/live.iso "
                                 "rd.bootferry.verity_options=panic-on-corruption,ignore-zero-blocks" +
                                 roothash);
    const auto tree = textOf(files.normal, "bootferry-verity.service");
    EXPECT_TRUE(
        has(tree, "ExecStart=/usr/bin/bootferryctl hash-tree --roothash=" + hash +
                      " --mirror=http://m/live.iso.verity "
                      "--userinfo-file=/run/bootferry/userinfo http://h/live.iso http://h/live.iso.verity "
                      "/run/bootferry/verity\n"))
        << tree;
    EXPECT_TRUE(has(tree, "OnFailure=emergency.target\n"));
    EXPECT_TRUE(has(tree, "LimitFSIZE=512M\n"));
    EXPECT_EQ(files.secrets.size(), 1U) << "one file for both programs";
    const auto live = textOf(files.normal, "bootferry-live-root.service");
    const auto deploy = textOf(files.normal, "bootferry-deploy.service");
    for (const auto& text : {live, deploy}) {
        EXPECT_TRUE(has(text, "Requires=bootferry-verity.service\nAfter=bootferry-verity.service\n")) << text;
    }
    EXPECT_TRUE(has(tree, "Before=bootferry-deploy.service bootferry-live-root.service ")) << tree;
    EXPECT_TRUE(has(deploy, "\nExecStartPre=/usr/lib/bootferry/bootferry-live-root --can=verify --roothash=" +
                                hash + "\n"))
        << deploy;
    EXPECT_TRUE(
        has(live, "--roothash=" + hash +
                      " --verity-tree=/run/bootferry/verity "
                      "--verity-options=panic-on-corruption,ignore-zero-blocks /run/bootferry/image\n"))
        << live;

    const auto elsewhere =
        textOf(generated("root=live:http://h/a rd.bootferry.mirror=http://m/a rd.bootferry.verity=ftp://t/b" +
                         roothash)
                   .normal,
               "bootferry-verity.service");
    EXPECT_TRUE(
        has(elsewhere, "hash-tree --roothash=" + hash + " http://h/a ftp://t/b /run/bootferry/verity\n"))
        << elsewhere;

    const auto isSigned = [&](const std::string& verity) {
        const auto units =
            generated("root=live:http://u:geheim@h/a rd.bootferry.roothash_signature=http://h/a.p7s " +
                      verity + roothash);
        const auto fetched = textOf(units.normal, "bootferry-verity.service");
        EXPECT_TRUE(has(fetched, "ExecStart=/usr/bin/bootferryctl hash-tree "
                                 "--userinfo-file=/run/bootferry/userinfo http://h/a http://h/a.p7s "
                                 "/run/bootferry/roothash.p7s\n"))
            << fetched;
        for (const char* name : {"bootferry-deploy.service", "bootferry-live-root.service"}) {
            const auto text = textOf(units.normal, name);
            EXPECT_TRUE(has(text, "Requires=bootferry-verity.service\n")) << text;
            EXPECT_TRUE(has(text, " --roothash-signature=/run/bootferry/roothash.p7s")) << text;
        }
        return fetched;
    };
    EXPECT_TRUE(has(isSigned(""), "\nExecStart=/usr/bin/bootferryctl hash-tree --roothash="));
    EXPECT_FALSE(has(isSigned("rd.bootferry.verity=hash-offset:4096"), "hash-tree --roothash="));

    const auto mixed = generated("root=live:http://h/a rd.bootferry.verity=sftp://t/b "
                                 "rd.bootferry.option=sftp:key=/k rd.bootferry.option=sftp:passphrase=geheim "
                                 "rd.bootferry.option=curl:pass=x rd.bootferry.option=own:a=b" +
                                 roothash);
    const auto ofImage = textOf(mixed.normal, "bootferry-deploy.service");
    EXPECT_FALSE(has(ofImage, "sftp:")) << ofImage;
    EXPECT_TRUE(has(ofImage, "--option=own:a=b ") && has(ofImage, "bootferry/secret-options ")) << ofImage;
    EXPECT_TRUE(has(textOf(mixed.normal, "bootferry-verity.service"),
                    "--option=sftp:key=/k --option=own:a=b "
                    "--options-file=/run/bootferry/secret-options-verity "));
    EXPECT_EQ(mixed.secrets.at(0).text, "curl:pass=x\n");
    EXPECT_EQ(mixed.secrets.at(1).text, "sftp:passphrase=geheim\ncurl:pass=x\n");

    for (const char* root : {"root=live:http://h/a", "root=live:LABEL=x"}) {
        const auto within = generated(root + std::string(" rd.bootferry.verity=hash-offset:4096") + roothash);
        EXPECT_EQ(textOf(within.normal, "bootferry-verity.service"), "");
        const auto text = textOf(within.normal, "bootferry-live-root.service");
        EXPECT_TRUE(has(text, "--verity-offset=4096 ")) << text;
        EXPECT_FALSE(has(text, "bootferry-verity.service")) << text;
        EXPECT_FALSE(has(textOf(within.normal, "bootferry-deploy.service"), "bootferry-verity.service"));
    }
    const auto plain = generated("root=live:http://h/a");
    EXPECT_EQ(textOf(plain.normal, "bootferry-verity.service"), "");
    EXPECT_FALSE(has(textOf(plain.normal, "bootferry-live-root.service"), "verity"));
    const auto remarked = generated("root=live:http://h/a rd.live.overlay.persistant" + roothash);
    EXPECT_TRUE(has(textOf(remarked.normal, "bootferry-verity.service"), "bootferryctl remark"));
    EXPECT_FALSE(has(textOf(remarked.normal, "bootferry-deploy.service"), "bootferryctl remark"));
}
#endif

TEST(GenerateUnits, AnIsoFileIsNotWaitedForAsADevice) {
    const auto files = generated("root=live:CDLABEL=CDROM iso-scan/filename=/boot/live.iso");
    const auto text = textOf(files.normal, "bootferry-live-root.service");
    EXPECT_TRUE(has(text, " --iso-scan=boot/live.iso ")) << text;
    EXPECT_TRUE(has(text, "Wants=systemd-udevd.service\nAfter=systemd-udevd.service\n")) << text;
    EXPECT_FALSE(has(text, ".device")) << text;
    EXPECT_EQ(files.normal.size(), 1U);
}

TEST(GenerateUnits, WhatTheInitrdCannotDoIsFoundBeforeADiskIsOverwritten) {
    const auto textOfUnit = [](const std::string& words, const char* unit) {
        return textOf(generated("root=live:http://h/a " + words).normal, unit);
    };
    const auto deploy = [&](const std::string& words) {
        return textOfUnit(words, "bootferry-deploy.service");
    };
    const auto live = [&](const std::string& words) {
        return textOfUnit(words, "bootferry-live-root.service");
    };
    const std::string kept = "rd.live.encrypt rd.live.overlay.persistent ";
    const std::string onDisk = "rd.kiwi.live.system=/dev/sda ";
    constexpr const char* check = "\nExecStartPre=/usr/lib/bootferry/bootferry-live-root --can=encrypt\n";
    EXPECT_TRUE(has(deploy(kept + onDisk), check)) << deploy(kept + onDisk);
    EXPECT_TRUE(has(live(kept + onDisk), "--persistent --cowfs=ext4 --encrypt ")) << live(kept + onDisk);
    for (const auto& words : {kept, onDisk + "rd.live.encrypt", onDisk + "rd.live.overlay.persistent"}) {
        EXPECT_FALSE(has(deploy(words), "--can")) << words;
        EXPECT_FALSE(has(live(words), "--encrypt")) << words;
    }
    const auto medium = textOf(generated("root=live:LABEL=x " + kept).normal, "bootferry-live-root.service");
    EXPECT_TRUE(has(medium, " --encrypt ")) << medium;
}

TEST(GenerateUnits, ASignatureThatIsWantedIsDemandedOfTheService) {
    const std::string line = "root=live:http://h/live.iso rd.bootferry.checksum=http://h/SUMS ";
    const auto deploy = [&](const std::string& words) {
        return textOf(generated(line + words).normal, "bootferry-deploy.service");
    };
    EXPECT_TRUE(has(deploy("rd.bootferry.signature=ftp://h/x.asc"), " --signature=ftp://h/x.asc "));
    EXPECT_TRUE(has(deploy("rd.bootferry.signature=auto"), " --signature=auto "));
    EXPECT_TRUE(has(deploy("rd.bootferry.verify=required"), " --signature=auto --verify=required "));
}

TEST(GenerateUnits, ANetworkImageIsAChainOfThree) {
    const auto files =
        generated("root=live:http://10.0.0.1/live.iso ramdisk_size=4 rd.bootferry.timeout=5min "
                  "rd.bootferry.connections=2 rd.bootferry.checksum=http://10.0.0.1/SHA256SUMS");
    const auto deploy = textOf(files.normal, "bootferry-deploy.service");
    EXPECT_TRUE(has(deploy, "ExecStart=")) << deploy;
    EXPECT_TRUE(has(deploy, "--ramdisk-size=4096")) << deploy;
    EXPECT_TRUE(has(deploy, "--timeout=300")) << deploy;
    EXPECT_TRUE(has(deploy, "--connections=2")) << deploy;
    EXPECT_TRUE(has(deploy, "--checksum=http://10.0.0.1/SHA256SUMS")) << deploy;
    EXPECT_FALSE(has(deploy, "--signature")) << deploy;
    EXPECT_TRUE(has(deploy, "http://10.0.0.1/live.iso")) << deploy;
    EXPECT_TRUE(has(deploy, "/dev/ram0")) << deploy;
    EXPECT_TRUE(has(deploy, "Wants=network-online.target")) << deploy;
    EXPECT_TRUE(has(deploy, "bootferry-plymouth.service")) << deploy;
    EXPECT_TRUE(has(deploy, "OnFailure=emergency.target")) << deploy;
    EXPECT_TRUE(has(deploy, "\nSuccessExitStatus=25\n")) << "a deployed disk is used without reading it";
    EXPECT_FALSE(has(deploy, "After=network")) << "nothing waits for the network";
    EXPECT_TRUE(has(textOf(files.normal, "bootferry-live-root.service"), "/run/bootferry/image"));
    const auto sysroot = textOf(files.early, "sysroot.mount");
    EXPECT_TRUE(has(sysroot, "Type=overlay")) << sysroot;
    EXPECT_TRUE(has(sysroot, "Requires=bootferry-live-root.service")) << sysroot;
    EXPECT_TRUE(has(sysroot, "Options=lowerdir=/run/overlay/rootfsbase,upperdir=/run/overlay/overlayfs/rw,"
                             "workdir=/run/overlay/overlayfs/work\n"))
        << sysroot;
    ASSERT_EQ(files.earlyLinks.size(), 1U);
    EXPECT_EQ(files.earlyLinks[0].path, "initrd-root-fs.target.requires/sysroot.mount");
}

TEST(GenerateUnits, ADiskIsDeployedToAndKeepsChanges) {
    const auto files = generated("root=live:http://10.0.0.1/live.iso rd.kiwi.live.system=/dev/sda "
                                 "rd.kiwi.live.reset rd.live.overlay.persistent rd.live.overlay.cowfs=xfs");
    const auto deploy = textOf(files.normal, "bootferry-deploy.service");
    EXPECT_TRUE(has(deploy, "--reset")) << deploy;
    EXPECT_TRUE(has(deploy, " /dev/sda\n")) << deploy;
    const auto root = textOf(files.normal, "bootferry-live-root.service");
    EXPECT_TRUE(has(root, "--persistent --cowfs=xfs ")) << root;
}

TEST(GenerateUnits, KeptChangesAreResetOrOnlyShown) {
    const std::string disk = "root=live:http://10.0.0.1/live.iso rd.kiwi.live.system=/dev/sda ";
    const auto reset = generated(disk + "rd.live.overlay.persistent rd.overlay.reset");
    EXPECT_TRUE(has(textOf(reset.normal, "bootferry-live-root.service"), " --overlay-reset "));
    const std::string temporary = "Options=lowerdir=/run/overlay/rootfsbase,upperdir=";
    EXPECT_TRUE(has(textOf(reset.early, "sysroot.mount"), temporary));
    const auto shown = generated(disk + "rd.live.overlay.persistent rd.live.overlay.readonly");
    EXPECT_TRUE(has(textOf(shown.normal, "bootferry-live-root.service"), " --overlay-readonly "));
    EXPECT_TRUE(has(textOf(shown.early, "sysroot.mount"),
                    "Options=lowerdir=/run/overlay/kept/rw:/run/overlay/rootfsbase,upperdir="));
    const auto nothingKept = generated(disk + "rd.live.overlay.readonly rd.live.overlay.size=512");
    EXPECT_FALSE(has(textOf(nothingKept.normal, "bootferry-live-root.service"), "readonly"));
    EXPECT_TRUE(has(textOf(nothingKept.normal, "bootferry-live-root.service"), "--overlay-size=512m "));
    EXPECT_TRUE(has(textOf(nothingKept.early, "sysroot.mount"), temporary));
}

TEST(GenerateUnits, TheFirstUnitSaysWhatIsNotRead) {
    const std::string line = " rd.live.overlay.persistant rd.kiwi.live.sytem=/dev/sda quiet rd.live.image";
    const auto fetched = generated("root=live:http://10.0.0.1/live.iso" + line);
    const auto deploy = textOf(fetched.normal, "bootferry-deploy.service");
    EXPECT_TRUE(has(deploy,
                    "\nExecStartPre=-/usr/bin/bootferryctl remark -- \"rd.live.overlay.persistant on the "
                    "kernel command line is ignored: there is no such option; did you mean "
                    "rd.live.overlay.persistent?\"\n"))
        << deploy;
    EXPECT_TRUE(has(deploy, "did you mean rd.kiwi.live.system?")) << deploy;
    EXPECT_FALSE(has(deploy, "quiet")) << deploy;
    EXPECT_FALSE(has(deploy, "rd.live.image")) << deploy;
    EXPECT_FALSE(has(textOf(fetched.normal, "bootferry-live-root.service"), "remark"));
    const auto local = generated("root=live:CDLABEL=CDROM" + line);
    EXPECT_TRUE(
        has(textOf(local.normal, "bootferry-live-root.service"), "\nExecStartPre=-/usr/bin/bootferryctl "));
}

TEST(GenerateUnits, TheWholeBootIsDecidedInOnePlace) {
    const auto decided = [](const char* line) { return generateBoot(KernelCommandLine::parse(line), paths); };
    EXPECT_FALSE(decided("root=/dev/sda1").files);
    EXPECT_FALSE(decided("root=/dev/sda1").refusal);
    EXPECT_TRUE(decided("root=live:CDLABEL=A").request);
    const auto refused = decided("root=live:CDLABEL=A rd.bootferry.chekcsum=1");
    EXPECT_FALSE(refused.request);
    EXPECT_TRUE(has(refused.refusal.value(),
                    "rd.bootferry.chekcsum on the kernel command line is not an option of "
                    "bootferry (did you mean rd.bootferry.checksum?)"));
    EXPECT_TRUE(
        has(textOf(refused.files.value().normal, "bootferry-deploy.service"), "bootferryctl refuse "));
}

TEST(GenerateUnits, TheBootInterfaceIsNamedOnRequest) {
    const auto files =
        generated("root=live:http://10.0.0.1/live.iso rd.kiwi.live.pxe BOOTIF=01-52-54-00-AB-34-56");
    ASSERT_EQ(files.network.size(), 1U);
    EXPECT_TRUE(has(files.network[0].text, "[Match]\nMACAddress=52:54:00:ab:34:56\n\n[Link]\nName=lan0\n"))
        << files.network[0].text;
    EXPECT_TRUE(generated("root=live:http://10.0.0.1/live.iso BOOTIF=01-52-54-00-AB-34-56").network.empty());
    // KIWI's own takes the first interface that there is, BOOTIF= or not.
    EXPECT_TRUE(has(generated("root=live:http://10.0.0.1/live.iso rd.kiwi.live.pxe").network.at(0).text,
                    "[Match]\nType=ether\nPath=?*\n\n[Link]\nName=lan0\n"));
}

TEST(GenerateUnits, AQueryIsInTheCommandAlone) {
    const auto text =
        textOf(generated("root=live:http://10.0.0.1/live.iso?token=abc").normal, "bootferry-deploy.service");
    EXPECT_TRUE(has(text, "Description=Deploy http://10.0.0.1/live.iso?... to /dev/ram0\n")) << text;
    EXPECT_TRUE(has(text, " \"http://10.0.0.1/live.iso?token=abc\" /dev/ram0\n")) << text;
}

TEST(GenerateUnits, SecretsGoToFilesOnlyRootReads) {
    const auto files =
        generated("root=live:http://user:geheim@10.0.0.1/live.iso rd.bootferry.option=curl:pass=verborgen");
    for (const auto& unit : files.normal) {
        EXPECT_FALSE(has(unit.text, "geheim") || has(unit.text, "verborgen")) << unit.text;
    }
    ASSERT_EQ(files.secrets.size(), 2U);
    EXPECT_TRUE(
        has(textOf(files.normal, "bootferry-deploy.service"), "--userinfo-file=/run/bootferry/userinfo"));
    EXPECT_TRUE(has(textOf(files.normal, "bootferry-deploy.service"),
                    "--options-file=/run/bootferry/secret-options"));
}

TEST(GenerateUnits, WhateverOptionOfCurlHoldsASecretIsHidden) {
    // Those whose values curl itself wipes from its argument list, and those that carry credentials
    // otherwise.
    const std::pair<const char*, const char*> secrets[] = {
        {"user", "a:geheim"},
        {"proxy-user", "a:geheim"},
        {"oauth2-bearer", "geheim"},
        {"pass", "geheim"},
        {"proxy-pass", "geheim"},
        {"cert", "/a.pem:geheim"},
        {"proxy-cert", "/a.pem:geheim"},
        {"tlsuser", "geheim"},
        {"tlspassword", "geheim"},
        {"proxy-tlsuser", "geheim"},
        {"proxy-tlspassword", "geheim"},
        {"aws-sigv4", "aws:geheim"},
        {"header", "Authorization: geheim"},
        {"proxy-header", "Proxy-Authorization: geheim"},
        {"cookie", "session=geheim"},
        {"referer", "http://x/?token=geheim"},
        {"login-options", "geheim"},
        {"ftp-account", "geheim"},
        {"ftp-alternative-to-user", "geheim"},
        {"proxy", "http://a:geheim@x:3128"},
        {"preproxy", "socks5://a:geheim@x:3128"},
        {"socks5", "a:geheim@x"},
        {"doh-url", "https://a:geheim@x/"},
        {"request-target", "/x?token=geheim"},
        {"key", "pkcs11:object=a;pin-value=geheim"},
    };
    for (const auto& [key, value] : secrets) {
        const auto files = generated("root=live:http://x/y \"rd.kiwi.live.curl_options=--" +
                                     std::string(key) + "," + value + "\"");
        const auto deploy = textOf(files.normal, "bootferry-deploy.service");
        EXPECT_FALSE(has(deploy, "geheim")) << deploy;
        ASSERT_EQ(files.secrets.size(), 1U) << key;
        EXPECT_EQ(files.secrets[0].text, "curl:" + std::string(key) + "=" + value + "\n");
    }
}

TEST(GenerateUnits, ALocalMediumNeedsNoTransfer) {
    const auto files = generated("root=live:CDLABEL=CDROM");
    EXPECT_EQ(textOf(files.normal, "bootferry-deploy.service"), "");
    const auto liveRoot = textOf(files.normal, "bootferry-live-root.service");
    EXPECT_TRUE(has(liveRoot, "Wants=dev-disk-by\\x2dlabel-CDROM.device")) << liveRoot;
    EXPECT_TRUE(has(liveRoot, "After=dev-disk-by\\x2dlabel-CDROM.device")) << liveRoot;
    EXPECT_FALSE(has(liveRoot, "Requires=")) << liveRoot;
    EXPECT_TRUE(has(textOf(files.normal, "dev-disk-by\\x2dlabel-CDROM.device.d/50-bootferry.conf"),
                    "JobRunningTimeoutSec=90"));
}

TEST(GenerateUnits, RootflagsAreThoseOfSysroot) {
    const auto files = generated("root=live:http://x/y rootflags=noatime,a%b");
    EXPECT_TRUE(has(textOf(files.early, "sysroot.mount"), "Options=noatime,a%%b,lowerdir="));
}

// A line break within quotes is part of a value.
TEST(GenerateUnits, NoValueAddsALineToAUnit) {
    const std::string root = "root=live:http://x/y ";
    unsigned accepted = 0;
    for (const auto& argument : bootArgumentNames()) {
        for (const char* before : {"", "/dev/", "/a", "http://x/", "noatime,"}) {
            const auto word = fmt::format("\"{}={}\nWhat=/dev/sda1\nb=\"", argument.names.front(), before);
            const auto boot = generateBoot(KernelCommandLine::parse(root + word), paths);
            ASSERT_TRUE(boot.files) << word;
            accepted += boot.refusal ? 0 : 1;
            for (const auto* units : {&boot.files->normal, &boot.files->early, &boot.files->lasting}) {
                for (const auto& unit : *units) {
                    EXPECT_FALSE(has(unit.text, "\nWhat=/dev/sda1")) << unit.path << ": " << word;
                }
            }
        }
    }
    EXPECT_EQ(accepted, 0U);
}

TEST(GenerateUnits, MountOptionsAreOneLine) {
    BootRequest request = *parseBootRequest(KernelCommandLine::parse("root=live:CDLABEL=A"));
    request.layout.rootflags = "noatime\nWhat=/dev/sda1";
    EXPECT_FALSE(has(textOf(generateUnits(request, paths).early, "sysroot.mount"), "\nWhat=/dev/sda1"));
}

TEST(GenerateUnits, ARefusalIsAUnitWithTheReason) {
    const auto files = generateRefusal("50 % of \"it\"\nis $wrong", paths);
    const auto deploy = textOf(files.normal, "bootferry-deploy.service");
    EXPECT_TRUE(has(deploy, "refuse -- ")) << deploy;
    EXPECT_TRUE(has(deploy, "50 %% of")) << deploy;
    EXPECT_TRUE(has(deploy, "$$wrong")) << deploy;
    EXPECT_FALSE(has(deploy, "\nis ")) << "no line of its own: " << deploy;
    EXPECT_FALSE(textOf(files.early, "sysroot.mount").empty());
}

TEST(UnitEscaping, KeepsEveryWordAWord) {
    const auto line = commandLine({"/bin/x", "a b", "c\"d", "e\\f", "%i", "$HOME", ";"});
    EXPECT_TRUE(has(line, "%%i")) << line;
    EXPECT_TRUE(has(line, "$$HOME")) << line;
    EXPECT_TRUE(has(line, "c\\\"d")) << line;
    EXPECT_TRUE(has(line, "e\\\\f")) << line;
}

} // namespace
} // namespace bootferry
