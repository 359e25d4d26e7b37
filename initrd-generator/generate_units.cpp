// SPDX-License-Identifier: LGPL-2.1-or-later
// The chain: bootferry-deploy.service, bootferry-live-root.service, sysroot.mount. An administrator reads the
// units and not this file, so the reason for an unusual setting stands in the unit as a comment.
#include "generate_units.h"

#include <algorithm>

#include <spdlog/fmt/fmt.h>

#include "errors.h"
#include "image_options.h"
#include "secret_options.h"
#include "unit_escaping.h"

namespace bootferry {
namespace {

constexpr std::string_view header = "# Written by bootferry-generator from the kernel command line.\n";
constexpr std::string_view deployUnit = "bootferry-deploy.service";
constexpr std::string_view liveRootUnit = "bootferry-live-root.service";
constexpr std::string_view reportUnit = "bootferry-report.service";
constexpr std::string_view onDemandUnit = "bootferry-ondemand.service";
constexpr std::string_view treeUnit = "bootferry-verity.service";
constexpr int mediumTimeoutSeconds = 90;

std::string treePath(const InstalledPaths& paths) {
    return paths.runtimeDirectory + "/verity";
}

std::string signaturePath(const InstalledPaths& paths) {
    return paths.runtimeDirectory + "/roothash.p7s";
}

std::string oneshot(std::string_view command) {
    return fmt::format("[Service]\n"
                       "Type=oneshot\n"
                       "RemainAfterExit=yes\n"
                       "ExecStart={}\n"
                       "StandardOutput=journal+console\n"
                       "StandardError=journal+console\n"
                       "TimeoutStartSec=infinity\n",
                       command);
}

// A deployed disk boots without reading it first; `bootferryctl deploy` reports that by a status of its own.
constexpr std::string_view acceptReusedDisk =
    "# 25: the disk holds an image already, which was not compared with rd.bootferry.checksum=.\n"
    "SuccessExitStatus=25\n";

// In the first unit that runs, so that the remarks are on the console even if the boot is quiet.
std::string remarkLines(const std::vector<std::string>& remarks, const InstalledPaths& paths) {
    std::string lines;
    for (const auto& remark : remarks) {
        lines += fmt::format("ExecStartPre=-{}\n", commandLine({paths.bootferryctl, "remark", "--", remark}));
    }
    return lines;
}

std::string bootFailureSettings() {
    return "# The switch of root isolates initrd-switch-root.target. Stopping this service then would also "
           "stop\n"
           "# sysroot.mount, which requires it, and unmount /sysroot.\n"
           "IgnoreOnIsolate=yes\n"
           "OnFailure=emergency.target\n"
           "OnFailureJobMode=replace-irreversibly\n"
           "Conflicts=shutdown.target\n";
}

std::string seconds(std::chrono::microseconds duration) {
    return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(duration).count());
}

// Its network is the transfer's. As in bootferryd.service, no setting asks for a mount namespace.
std::string reportText(const Url& url, const InstalledPaths& paths) {
    return fmt::format(
        "{}[Unit]\n"
        "Description=Report Transfer Progress\n"
        "Documentation=man:bootferry-report(8)\n"
        "DefaultDependencies=no\n"
        "# Nothing waits for it but the switch of root, before which it is stopped, and before\n"
        "# bootferryd.\n"
        "After=bootferryd.socket bootferryd.service\n"
        "Conflicts=shutdown.target initrd-switch-root.target\n"
        "Before=shutdown.target initrd-switch-root.target initrd-switch-root.service\n"
        "\n"
        "[Service]\n"
        "ExecStart={}\n"
        "User={}\n"
        "TimeoutStopSec=5\n"
        "{}\n"
        "CapabilityBoundingSet=\n"
        "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK\n"
        "RestrictNamespaces=yes\n"
        "RestrictRealtime=yes\n"
        "RestrictSUIDSGID=yes\n"
        "MemoryDenyWriteExecute=yes\n"
        "LockPersonality=yes\n"
        "NoNewPrivileges=yes\n"
        "SystemCallArchitectures=native\n",
        header, commandLine({paths.report, url.redacted()}), paths.workerUser, paths.certificates);
}

// Adds the options that are about servers; secrets go into files.
void addSourceOptions(std::vector<std::string>& words, const TransferRequest& transfer,
                      const InstalledPaths& paths, UnitFiles& files) {
    if (transfer.stallTimeout != defaultStallTimeout) {
        words.push_back("--stall-timeout=" + seconds(transfer.stallTimeout));
    }
    if (transfer.timeout) {
        words.push_back("--timeout=" + seconds(*transfer.timeout));
    }
    const auto addSecret = [&](const std::string& name, const char* option, std::string text) {
        auto path = paths.runtimeDirectory + "/" + name;
        const auto find = [&] {
            return std::find_if(files.secrets.begin(), files.secrets.end(),
                                [&](const SecretFile& file) { return file.path == path; });
        };
        if (const auto there = find(); there != files.secrets.end() && there->text != text) {
            path += "-verity"; // of the hash tree, which has options of its own
        }
        if (find() == files.secrets.end()) {
            files.secrets.push_back({path, std::move(text)});
        }
        words.push_back(option + path);
    };
    std::string secretOptions;
    for (const auto& option : transfer.pluginOptions) {
        if (isSecretOption(option)) {
            secretOptions += optionText(option) + "\n";
        } else {
            words.push_back("--option=" + optionText(option));
        }
    }
    if (!secretOptions.empty()) {
        addSecret("secret-options", "--options-file=", std::move(secretOptions));
    }
    if (const auto& userinfo = transfer.url.userinfo();
        userinfo && (!userinfo->user.empty() || userinfo->password)) {
        addSecret("userinfo", "--userinfo-file=", userinfoText(*userinfo) + "\n");
    }
}

std::vector<std::string> deployCommand(const BootRequest& request, const TransferRequest& transfer,
                                       const InstalledPaths& paths, UnitFiles& files) {
    std::vector<std::string> words{paths.bootferryctl, "deploy"};
    if (transfer.ramdiskSize) {
        words.push_back("--ramdisk-size=" + std::to_string(*transfer.ramdiskSize));
    }
    if (request.reset) {
        words.emplace_back("--reset");
    }
    for (const auto& mirror : transfer.mirrors) {
        words.push_back("--mirror=" + mirror.redacted());
    }
    if (transfer.checksum) {
        words.push_back("--checksum=" + *transfer.checksum);
    } else if (transfer.checksumUrl) {
        words.push_back("--checksum=" + transfer.checksumUrl->redacted());
    }
    if (transfer.signature) {
        const auto& url = transfer.signature->url;
        words.push_back("--signature=" + (url ? url->redacted() : std::string("auto")));
    }
    if (transfer.signedOnly) {
        words.emplace_back("--verify=required");
    }
    if (transfer.onDemand) {
        words.emplace_back("--on-demand");
    }
    if (transfer.connections != defaultConnections) {
        words.push_back("--connections=" + std::to_string(transfer.connections));
    }
    auto ofImage = transfer;
    ofImage.pluginOptions = optionsOfImage(request, transfer);
    addSourceOptions(words, ofImage, paths, files);
    words.push_back(transfer.url.redacted());
    words.push_back(request.target);
    return words;
}

std::string treeCommand(const BootRequest& request, const TransferRequest& transfer,
                        const InstalledPaths& paths, UnitFiles& files) {
    const auto& verity = request.verity;
    std::vector<std::string> words{paths.bootferryctl, "hash-tree", "--roothash=" + verity.rootHash};
    for (const auto& mirror : transfer.mirrors) {
        if (verity.isUsualTree) {
            words.push_back("--mirror=" + usualTree(mirror).redacted());
        }
    }
    addSourceOptions(words, transfer, paths, files);
    words.push_back(transfer.url.redacted());
    words.push_back(verity.tree->redacted());
    words.push_back(treePath(paths));
    return commandLine(words);
}

std::string signatureCommand(const BootRequest& request, const TransferRequest& transfer,
                             const InstalledPaths& paths, UnitFiles& files) {
    std::vector<std::string> words{paths.bootferryctl, "hash-tree"};
    addSourceOptions(words, transfer, paths, files);
    words.push_back(transfer.url.redacted());
    words.push_back(request.verity.signatureUrl->redacted());
    words.push_back(signaturePath(paths));
    return commandLine(words);
}

// It supervises a worker of its own, as bootferryd does, and runs before the deployment: a tree or signature
// that does not exist, or a tree that has another root hash, fails the boot before a disk is overwritten.
std::string treeText(const BootRequest& request, const TransferRequest& transfer, const InstalledPaths& paths,
                     UnitFiles& files) {
    const auto& verity = request.verity;
    std::vector<std::string> commands;
    if (verity.signatureUrl) {
        commands.push_back(signatureCommand(request, transfer, paths, files));
    }
    if (verity.tree) {
        commands.push_back(treeCommand(request, transfer, paths, files));
    }
    const auto description = verity.tree ? "Fetch the Hash Tree " + verity.tree->shown()
                                         : "Fetch the Signature " + verity.signatureUrl->shown();
    return fmt::format("{}[Unit]\n"
                       "Description={}\n"
                       "Documentation=man:bootferry-kernel-command-line(7)\n"
                       "DefaultDependencies=no\n"
                       "# bootferryd learns the name servers.\n"
                       "Wants=network-online.target bootferryd.socket\n"
                       "After=bootferryd.socket\n"
                       "Before={} {} initrd-root-fs.target shutdown.target\n"
                       "{}\n{}"
                       "# A larger tree is refused, even from a worker that was taken over.\n"
                       "LimitFSIZE=512M\n"
                       "RuntimeDirectory=bootferry\n"
                       "RuntimeDirectoryMode=0755\n"
                       "RuntimeDirectoryPreserve=yes\n"
                       "CapabilityBoundingSet=CAP_SYS_RESOURCE CAP_SETUID CAP_SETGID CAP_SETPCAP CAP_KILL\n"
                       "CapabilityBoundingSet=CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_CHOWN CAP_FOWNER\n"
                       "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK\n"
                       "RestrictRealtime=yes\n"
                       "RestrictSUIDSGID=yes\n"
                       "LockPersonality=yes\n"
                       "NoNewPrivileges=yes\n"
                       "SystemCallArchitectures=native\n",
                       header, descriptionText(description), deployUnit, liveRootUnit, bootFailureSettings(),
                       oneshot(fmt::format("{}", fmt::join(commands, "\nExecStart="))));
}

// bootferryd for an image that is read while it arrives. It is not the one of bootferryd.service, which is
// stopped before the switch of root, and its unit is not a generator's, which is gone then.
std::string onDemandText(const InstalledPaths& paths) {
    return fmt::format(
        "{}[Unit]\n"
        "Description=Transfer of the Image That This System Runs From\n"
        "Documentation=man:bootferryd(8)\n"
        "DefaultDependencies=no\n"
        "# It goes on over the switch of root, and nothing stops it: the root is read through it.\n"
        "IgnoreOnIsolate=yes\n"
        "RefuseManualStop=yes\n"
        "\n"
        "[Service]\n"
        "Type=notify\n"
        "# systemd spares what begins with @, and runs as root, when it switches root and when it shuts\n"
        "# down; the transfer process does not run as root, and ignores SIGTERM.\n"
        "ExecStart=@{} @bootferryd --outlive-initrd\n"
        "RuntimeDirectory=bootferry\n"
        "RuntimeDirectoryMode=0755\n"
        "RuntimeDirectoryPreserve=yes\n"
        "# The transfer process goes on if bootferryd is killed: the root is read through it.\n"
        "KillMode=process\n"
        "# Until all of the image is there, the shutdown reads through the transfer process, which does not\n"
        "# run as root: it is to be spared as well (known to systemd 255 and later).\n"
        "SurviveFinalKillSignal=yes\n"
        "TimeoutStopSec=10\n"
        "OOMScoreAdjust=-1000\n"
        "{}\n"
        "# As bootferryd.service has it; CAP_SYS_CHROOT follows the switch of root.\n"
        "CapabilityBoundingSet=CAP_SYS_ADMIN CAP_SYS_MODULE CAP_SYS_RESOURCE CAP_SYS_RAWIO CAP_SYS_CHROOT\n"
        "CapabilityBoundingSet=CAP_SETUID CAP_SETGID CAP_SETPCAP CAP_KILL\n"
        "CapabilityBoundingSet=CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_CHOWN CAP_FOWNER CAP_MKNOD\n"
        "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK\n"
        "RestrictRealtime=yes\n"
        "RestrictSUIDSGID=yes\n"
        "LockPersonality=yes\n"
        "NoNewPrivileges=yes\n"
        "SystemCallArchitectures=native\n"
        "UMask=0022\n",
        header, paths.service, paths.credentials);
}

std::string treeDependency(const VerityRequest& verity) {
    return verity.fetched().empty() ? "" : fmt::format("Requires={0}\nAfter={0}\n", treeUnit);
}

void addRootHash(std::vector<std::string>& words, const VerityRequest& verity, const InstalledPaths& paths) {
    words.push_back("--roothash=" + verity.rootHash);
    if (verity.signatureUrl) {
        words.push_back("--roothash-signature=" + signaturePath(paths));
    }
    if (!verity.signature.empty()) {
        words.push_back("--roothash-signature=" + verity.signature);
    }
}

// Before the deployment: a disk is not overwritten for a boot that must fail.
std::string abilityLine(const BootRequest& request, const InstalledPaths& paths) {
    std::vector<std::string> words{paths.liveRoot};
    if (request.verity.isRequested()) {
        words.emplace_back("--can=verify");
        addRootHash(words, request.verity, paths);
    }
    if (request.encryptsChanges()) {
        words.emplace_back("--can=encrypt");
    }
    return words.size() == 1 ? "" : fmt::format("ExecStartPre={}\n", commandLine(words));
}

// Common to a deployment and to a refusal.
std::string deployText(std::string_view description, const std::string& command,
                       const BootRequest& request = {}) {
    const bool onDemand = request.transfer() != nullptr && request.transfer()->onDemand;
    const auto service = onDemand ? onDemandUnit : std::string_view("bootferryd.socket");
    return fmt::format(
        "{}[Unit]\n"
        "Description={}\n"
        "Documentation=man:bootferry-kernel-command-line(7)\n"
        "DefaultDependencies=no\n"
        "# The network is pulled in but not waited for: bootferryd retries until it is there. The socket\n"
        "# stops at the switch of root and is therefore wanted, not required. An initrd without a\n"
        "# splash has no bootferry-plymouth.service.\n"
        "Wants=network-online.target {} bootferry-plymouth.service{}\n"
        "After={}\n"
        "{}"
        "Before={} initrd-root-fs.target shutdown.target\n"
        "{}\n{}",
        header, description, service, request.report ? fmt::format(" {}", reportUnit) : "", service,
        treeDependency(request.verity), liveRootUnit, bootFailureSettings(), oneshot(command));
}

void addVerity(std::vector<std::string>& words, const VerityRequest& verity, const InstalledPaths& paths) {
    if (!verity.isRequested()) {
        return;
    }
    addRootHash(words, verity, paths);
    words.push_back(verity.offset ? fmt::format("--verity-offset={}", *verity.offset)
                                  : "--verity-tree=" + treePath(paths));
    if (!verity.options.empty()) {
        words.push_back(fmt::format("--verity-options={}", fmt::join(verity.options, ",")));
    }
}

// dependency: "Requires=X", or "Wants=X" for what is waited for but whose absence the program reports itself.
std::string liveRootText(const BootRequest& request, const std::string& device, std::string_view dependency,
                         const InstalledPaths& paths) {
    std::vector<std::string> words{paths.liveRoot, "--dir=" + request.layout.dir,
                                   "--squashimg=" + request.layout.squashimg,
                                   "--overlay-size=" + request.overlay.size};
    if (request.check) {
        words.emplace_back("--check");
    }
    if (const auto* medium = std::get_if<LocalMedium>(&request.image);
        medium != nullptr && !medium->isoFile.empty()) {
        words.push_back("--iso-scan=" + medium->isoFile);
    }
    addVerity(words, request.verity, paths);
    if (request.overlay.persistent) {
        words.emplace_back("--persistent");
        words.push_back(fmt::format("--cowfs={}", request.overlay.cowFilesystem));
        if (request.overlay.cowFile != defaultCowFile) {
            words.push_back("--cow-file=" + request.overlay.cowFile);
        }
        if (request.overlay.cowFileMib != defaultCowFileMib) {
            words.push_back(fmt::format("--cow-file-size={}", request.overlay.cowFileMib));
        }
        if (request.encryptsChanges()) {
            words.emplace_back("--encrypt");
        }
        if (request.overlay.readOnly) {
            words.emplace_back("--overlay-readonly");
        }
        if (request.overlay.reset) {
            words.emplace_back("--overlay-reset");
        }
    }
    words.push_back(device);
    return fmt::format("{0}[Unit]\n"
                       "Description=Live Root from {1}\n"
                       "Documentation=man:bootferry-kernel-command-line(7)\n"
                       "DefaultDependencies=no\n"
                       "{2}\n"
                       "After={5}\n"
                       "{6}"
                       "Before=sysroot.mount initrd-root-fs.target shutdown.target\n"
                       "{3}\n{4}",
                       header, descriptionText(device), dependency, bootFailureSettings(),
                       oneshot(commandLine(words)), dependency.substr(dependency.find('=') + 1),
                       treeDependency(request.verity));
}

// rootflags= are the flags of /sysroot itself. The overlay's folders come last, so that rootflags= cannot
// replace them.
void addSysroot(UnitFiles& files, const std::string& rootflags = {}, bool showsKeptChanges = false) {
    const auto lower =
        fmt::format("{}/run/overlay/rootfsbase", showsKeptChanges ? "/run/overlay/kept/rw:" : "");
    const auto flags = rootflags.empty() ? std::string() : specifierEscaped(rootflags) + ",";
    files.early.push_back(
        {"sysroot.mount", fmt::format("{}[Unit]\n"
                                      "Description=Root of the Live System\n"
                                      "Documentation=man:bootferry-kernel-command-line(7)\n"
                                      "DefaultDependencies=no\n"
                                      "Requires={}\n"
                                      "After={}\n"
                                      "Before=initrd-root-fs.target\n"
                                      "\n"
                                      "[Mount]\n"
                                      "What=LiveOS_rootfs\n"
                                      "Where=/sysroot\n"
                                      "Type=overlay\n"
                                      "Options={}lowerdir={},upperdir=/run/overlay/overlayfs/rw,"
                                      "workdir=/run/overlay/overlayfs/work\n",
                                      header, liveRootUnit, liveRootUnit, flags, lower)});
    files.earlyLinks.push_back({"initrd-root-fs.target.requires/sysroot.mount", "../sysroot.mount"});
}

void addLocalMedium(UnitFiles& files, const BootRequest& request, const LocalMedium& medium,
                    const InstalledPaths& paths) {
    if (!medium.isoFile.empty()) { // it looks for the file itself, on devices that appear meanwhile
        files.normal.push_back({std::string(liveRootUnit),
                                liveRootText(request, medium.device, "Wants=systemd-udevd.service", paths) +
                                    remarkLines(request.remarks, paths)});
        return;
    }
    const auto deviceUnit = deviceUnitName(medium.device);
    constexpr std::size_t longestName = 255; // systemd's, too
    if (deviceUnit.size() + 2 > longestName) {
        throw Error(ErrorCode::Invalid,
                    "root=live: on the kernel command line is followed by a name that is too long "
                    "for a device");
    }
    // Wanted, not required: a unit whose dependency fails is never started, and leaves no reason behind.
    files.normal.push_back(
        {std::string(liveRootUnit), liveRootText(request, medium.device, "Wants=" + deviceUnit, paths) +
                                        remarkLines(request.remarks, paths)});
    files.normal.push_back(
        {deviceUnit + ".d/50-bootferry.conf",
         fmt::format("{}[Unit]\nJobRunningTimeoutSec={}\n", header, mediumTimeoutSeconds)});
}

} // namespace

UnitFiles generateUnits(const BootRequest& request, const InstalledPaths& paths) {
    UnitFiles files;
    if (const auto* transfer = request.transfer()) {
        const auto command = deployCommand(request, *transfer, paths, files);
        const auto remarks = remarkLines(request.remarks, paths);
        files.normal.push_back({std::string(deployUnit),
                                deployText(descriptionText(fmt::format(
                                               "Deploy {} to {}", transfer->url.shown(), request.target)),
                                           commandLine(command), request) +
                                    std::string(acceptReusedDisk) + abilityLine(request, paths) +
                                    (request.verity.fetched().empty() ? remarks : "")});
        files.normal.push_back(
            {std::string(liveRootUnit), liveRootText(request, paths.runtimeDirectory + "/image",
                                                     fmt::format("Requires={}", deployUnit), paths)});
        if (!request.verity.fetched().empty()) {
            files.normal.push_back(
                {std::string(treeUnit), treeText(request, *transfer, paths, files) + remarks});
        }
        if (transfer->onDemand) {
            files.lasting.push_back({std::string(onDemandUnit), onDemandText(paths)});
        }
        if (request.report) {
            files.normal.push_back({std::string(reportUnit), reportText(*request.report, paths)});
        }
    } else {
        addLocalMedium(files, request, std::get<LocalMedium>(request.image), paths);
    }
    addSysroot(files, request.layout.rootflags, request.overlay.persistent && request.overlay.readOnly);
    if (request.lan0) {
        // udev reads the file when the interface appears, which is after generators have run
        // (systemd.link(5)). Path=?* matches hardware only.
        const auto match = request.lan0->empty() ? std::string("Type=ether\nPath=?*")
                                                 : fmt::format("MACAddress={}", *request.lan0);
        files.network.push_back(
            {"10-bootferry-lan0.link", fmt::format("{}[Match]\n{}\n\n[Link]\nName=lan0\n", header, match)});
    }
    return files;
}

UnitFiles generateRefusal(const std::string& reason, const InstalledPaths& paths) {
    UnitFiles files;
    files.normal.push_back(
        {std::string(deployUnit), deployText("Refuse the Kernel Command Line",
                                             commandLine({paths.bootferryctl, "refuse", "--", reason}))});
    files.normal.push_back(
        {std::string(liveRootUnit), liveRootText(BootRequest{}, paths.runtimeDirectory + "/image",
                                                 fmt::format("Requires={}", deployUnit), paths)});
    addSysroot(files);
    return files;
}

} // namespace bootferry
