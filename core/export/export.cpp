// SPDX-License-Identifier: LGPL-2.1-or-later
// Everything that can be refused is refused before FOLDER is changed; the entries, which machines read first,
// are replaced last, when all that they name is complete. The ISO is opened once: what was judged is what is
// copied, and if somebody writes into it meanwhile, nothing is exported.
#include "export.h"

#include <vector>

#include <linux/fs.h>
#include <spdlog/fmt/fmt.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boot_arguments.h"
#include "boot_files.h"
#include "boot_request.h"
#include "dhcp_text.h"
#include "digest.h"
#include "entries.h"
#include "export_folder.h"
#include "export_source.h"
#include "file_room.h"
#include "files.h"
#include "initrd_contents.h"
#include "iso_files.h"
#include "plain_text.h"
#include "quantities.h"
#include "standard_streams.h"
#include "termination.h"

namespace bootferry {
namespace {

constexpr std::uint64_t MiB = std::uint64_t{1} << 20U;
constexpr std::uint64_t mostKernel = 512 * MiB;
constexpr std::uint64_t mostInitrd = 4096 * MiB;
constexpr const char* initrdHelp =
    "build one for the ISO's kernel with 'dracut --add bootferry', and name it with --initrd-file=FILE";

void writePart(int file, std::span<const std::byte> bytes, std::string_view what) {
    throwIfInterrupted();
    writeAll(file, bytes, fmt::format("writing the {}", what));
}

struct Exported {
    std::string file;
    std::uint64_t size = 0;
    std::string digest; // sha256, hexadecimal
};

// One export on its way into the folder.
class Export {
public:
    Export(const ExportRequest& request, const Source& iso, ExportFolder& folder)
        : request_(request), iso_(iso), folder_(folder) {}

    void addKernel(const IsoFiles& files, const std::string& path) {
        (void)addFromIso(files, path, "kernel", mostKernel);
    }

    void addInitrd(const IsoFiles& files, const std::string& path) {
        warnWithoutBootferry(addFromIso(files, path, "initrd", mostInitrd).get(), path);
    }

    void addInitrdFile(const Source& initrd) {
        requireRoom(folder_.fd(), folder_.path(), initrd.size(), 0, 0);
        const auto file = folder_.createFile("initrd");
        Digest digest("sha256");
        initrd.read([&](std::span<const std::byte> bytes) {
            digest.update(bytes);
            writePart(file.get(), bytes, "initrd");
        });
        finish(file.get(), {"initrd", initrd.size(), digest.finish().hex});
        warnWithoutBootferry(file.get(), initrd.path());
    }

    // Returns the version's name. expected: the checksum that the options name.
    std::string addImage(const std::optional<std::string>& expected) {
        Digest digest("sha256");
        if (!request_.quiet) {
            printError("reading '{}', {}\n", escapedText(iso_.path()), formatSize(iso_.size()));
        }
        iso_.read([&digest](std::span<const std::byte> bytes) { digest.update(bytes); });
        exported_.push_back({request_.name + ".iso", iso_.size(), digest.finish().hex});
        if (expected && expected->starts_with("sha256:") && *expected != "sha256:" + imageDigest()) {
            throw Error(ErrorCode::Checksum,
                        fmt::format("the checksum of the ISO is sha256:{}, but the options state {}",
                                    imageDigest(), *expected));
        }
        const auto list = sums();
        auto version = versionName();
        std::vector<std::pair<std::string, std::uint64_t>> sizes;
        for (const auto& part : exported_) {
            sizes.emplace_back(part.file, part.size);
        }
        if (folder_.hasVersion(version, sizes, list)) {
            folder_.dropBegun();
            return version;
        }
        placeImage(exported_.back().file);
        iso_.requireUnchanged();
        const auto file = folder_.createFile("SHA256SUMS");
        writePart(file.get(), std::as_bytes(std::span(list)), "checksum list");
        checkErrno(::fsync(file.get()), "writing the checksum list");
        folder_.finishVersion(version);
        isNew_ = true;
        return version;
    }

    [[nodiscard]] bool isNew() const { return isNew_; }
    [[nodiscard]] const std::string& imageDigest() const { return exported_.back().digest; }

private:
    UniqueFd addFromIso(const IsoFiles& files, const std::string& path, const char* name,
                        std::uint64_t most) {
        auto file = folder_.createFile(name);
        Digest digest("sha256");
        std::uint64_t size = 0;
        files.read(path, most, [&](std::span<const std::byte> bytes) {
            digest.update(bytes);
            writePart(file.get(), bytes, name);
            size += bytes.size();
        });
        finish(file.get(), {name, size, digest.finish().hex});
        return file;
    }

    void finish(int file, Exported part) {
        checkErrno(::fsync(file), fmt::format("writing the {}", part.file));
        exported_.push_back(std::move(part));
    }

    static void warnWithoutBootferry(int initrd, const std::string& path) {
        switch (findInInitrd(initrd, "/system-generators/bootferry-generator")) {
        case InInitrd::Yes:
            return;
        case InInitrd::No:
            printError("bootferryctl: warning: the initrd '{}' does not contain bootferry, so machines will "
                       "not boot the image with it: {}\n",
                       escapedText(path), initrdHelp);
            return;
        case InInitrd::NotKnown:
            printError("bootferryctl: warning: the format of the initrd '{}' cannot be read; it may not "
                       "contain bootferry. In that case, {}\n",
                       escapedText(path), initrdHelp);
        }
    }

    [[nodiscard]] std::string sums() const {
        std::string text;
        for (const auto& part : exported_) {
            text += fmt::format("{}  {}\n", part.digest, part.file);
        }
        return text;
    }

    // By the contents, so that a repeated export is the same version.
    [[nodiscard]] std::string versionName() const {
        Digest digest("sha256");
        const auto text = sums();
        digest.update(std::as_bytes(std::span(text)));
        return digest.finish().hex.substr(0, versionNameLength);
    }

    void placeImage(const std::string& name) {
        if (request_.link) {
            folder_.linkFile(iso_.fd(), name);
            return;
        }
        const auto file = folder_.createFile(name);
        if (::ioctl(file.get(), FICLONE, iso_.fd()) <
            0) { // shares the blocks where the file system can do that
            requireRoom(folder_.fd(), folder_.path(), iso_.size(), 0, 0);
            if (!request_.quiet) {
                printError("copying it into {}\n", folder_.path());
            }
            iso_.read([&file](std::span<const std::byte> bytes) { writePart(file.get(), bytes, "image"); });
        }
        checkErrno(::fsync(file.get()), "writing the image");
    }

    const ExportRequest& request_;
    const Source& iso_;
    ExportFolder& folder_;
    std::vector<Exported> exported_;
    bool isNew_ = false;
};

BootEntry entryOf(const ExportRequest& request, const std::string& layout, const std::string& version,
                  const std::string& digest) {
    const auto folder = fmt::format("{}/{}", request.name, version);
    const auto place = fmt::format("{}/{}", request.url, folder);
    // A chain of dolly nodes passes on one image, and no list.
    const auto checksum = request.url.starts_with("dolly:") ? "sha256:" + digest : place + "/SHA256SUMS";
    return {.name = request.name,
            .folder = folder,
            .arguments = bootArguments(fmt::format("{}/{}.iso", place, request.name), checksum, layout,
                                       request.options)};
}

// An entry with a placeholder version, to find out before anything is written whether it would be refused.
BootEntry placeholderEntry(const ExportRequest& request, const std::string& layout) {
    constexpr std::size_t digestLength = 64;
    return entryOf(request, layout, std::string(versionNameLength, '0'), std::string(digestLength, '0'));
}

// Throws Error(Invalid) if no boot with such an entry is possible. Returns the checksum that it would verify,
// if the entry has one and not the URL of a list.
std::optional<std::string> requireBoot(const BootEntry& entry,
                                       std::optional<std::string> (*whyRefused)(const KernelCommandLine&)) {
    requireWritable(entry.arguments);
    const auto line = KernelCommandLine::parse(joined(entry.arguments));
    if (const auto reason = whyRefused(line)) {
        throw Error(ErrorCode::Invalid, fmt::format("the boot would be refused: {}", *reason));
    }
    if (const auto boot = parseBootRequest(line); boot && boot->transfer() != nullptr) {
        requireNoSecrets(*boot->transfer());
        return boot->transfer()->checksum;
    }
    return std::nullopt;
}

struct EntryFile {
    std::string path;
    std::string (*text)(std::string_view before, const BootEntry& entry);
};

std::vector<EntryFile> entryFiles(const std::string& name) {
    return {{name + ".ipxe", ipxeScript},
            {"grub/grub.cfg", withGrubEntry},
            {"pxelinux.cfg/default", withPxelinuxEntry}};
}

// All texts are composed before the first one is written, and once before anything is written, since one of
// them may be refused.
std::vector<std::string> entryTexts(ExportFolder& folder, const BootEntry& entry) {
    std::vector<std::string> texts;
    for (const auto& file : entryFiles(entry.name)) {
        try {
            texts.push_back(file.text(folder.readEntry(file.path), entry));
        } catch (Error& error) {
            error.addContext(fmt::format("{}/{}", folder.path(), file.path));
            throw;
        }
    }
    return texts;
}

void printDhcp(DhcpServer wanted, const BootServer& server) {
    const auto print = [wanted](DhcpServer which, const std::string& text) {
        if (wanted == which || wanted == DhcpServer::All) {
            printOutput("{}{}", text, wanted == DhcpServer::All && which != DhcpServer::Kea ? "\n" : "");
        }
    };
    print(DhcpServer::Dnsmasq, dnsmasqText(server));
    print(DhcpServer::Isc, iscText(server));
    print(DhcpServer::Kea, keaText(server));
}

// What is known before FOLDER is changed.
struct Plan {
    std::string layout;                  // kernel arguments
    BootFiles boot;                      // paths in the ISO
    std::optional<Source> initrd;        // instead of the ISO's
    std::optional<std::string> checksum; // the one that the options name
};

void run(const ExportRequest& request, const Source& iso, const IsoFiles& files, const Plan& plan,
         ExportFolder& folder) {
    const auto& [layout, boot, initrd, checksum] = plan;
    (void)entryTexts(folder,
                     placeholderEntry(request, layout)); // throws for files that cannot be written into
    folder.beginVersion();
    Export exported(request, iso, folder);
    exported.addKernel(files, boot.kernel);
    if (initrd) {
        exported.addInitrdFile(*initrd);
    } else {
        exported.addInitrd(files, boot.initrd);
    }
    const auto version = exported.addImage(checksum);
    const auto entry = entryOf(request, layout, version, exported.imageDigest());
    const auto texts = entryTexts(folder, entry);
    const auto entries = entryFiles(request.name);
    for (std::size_t i = 0; i < entries.size(); ++i) {
        folder.replaceEntry(entries[i].path, texts[i]);
    }
    const auto removed = folder.removeOthers(version);
    if (!request.quiet) {
        printError("{}/{}: {}, from '{}' ({}) with kernel '{}' and initrd '{}'\n", folder.path(),
                   entry.folder, exported.isNew() ? "exported" : "was there already", escapedText(iso.path()),
                   formatSize(iso.size()), escapedText(boot.kernel),
                   escapedText(initrd ? initrd->path() : boot.initrd));
        printError("entries: {}.ipxe, grub/grub.cfg, pxelinux.cfg/default\n", request.name);
        printError("machines boot with: {}\n", joined(entry.arguments));
    }
    if (removed > 0 && !request.quiet) {
        printError("removed {} older version{}\n", removed, removed == 1 ? "" : "s");
    }
    printDhcp(request.dhcp, {.folder = folder.path(), .url = request.url, .name = request.name});
}

} // namespace

void exportIso(const ExportRequest& request,
               std::optional<std::string> (*whyRefused)(const KernelCommandLine& line)) {
    rememberTermination();
    const Source iso(request.iso, "ISO");
    Plan plan;
    plan.layout = judgeIso(iso, request.options);
    plan.checksum = requireBoot(placeholderEntry(request, plan.layout), whyRefused);
    if (request.options.find("rd.bootferry.checksum") == nullptr) {
        plan.checksum.reset(); // it belongs to the placeholder
    }
    const IsoFiles files(iso.fd());
    if (request.initrdFile) {
        plan.initrd.emplace(*request.initrdFile, "initrd");
        plan.boot.kernel = findKernel(files.paths(), request.kernel);
    } else {
        plan.boot = findBootFiles(files.paths(), request.kernel, request.initrd);
    }
    if (request.link && !iso.isForEveryone()) {
        throw Error(ErrorCode::NotPermitted,
                    fmt::format("--link: servers of other users cannot read '{}': chmod a+r", iso.path()));
    }
    ExportFolder folder(request.folder, request.name);
    try {
        run(request, iso, files, plan, folder);
    } catch (...) {
        folder.dropBegun();
        throw;
    }
}

} // namespace bootferry
