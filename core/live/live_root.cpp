// SPDX-License-Identifier: LGPL-2.1-or-later
// LiveRoot::assemble() lists the steps: medium, container, root, overlay. Each step passes its result to the
// next; a step that fails reports what it found instead and which arguments help.
#include "live_root.h"

#include <array>
#include <cerrno>
#include <filesystem>
#include <optional>

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>

#include "disk_contents.h"
#include "disk_partitions.h"
#include "encrypted_image.h"
#include "errors.h"
#include "image_compression.h"
#include "image_tree.h"
#include "iso_scan.h"
#include "kernel_modules.h"
#include "live_image.h"
#include "log.h"
#include "media_check.h"
#include "mounts.h"
#include "read_only_device.h"
#include "root_hash_signature.h"
#include "termination.h"
#include "verified_image.h"
#include "writable_layer.h"

namespace bootferry {
namespace {

constexpr const char* placeHint = "set its place with rd.live.dir= and rd.live.squashimg=";

[[noreturn]] void notLive(const std::string& reason) {
    throw Error(ErrorCode::NotLive, reason);
}

std::string joined(const std::string& folder, const std::string& name) {
    return folder.empty() ? name : folder + "/" + name;
}

// The node behind /dev/disk/by-... and /run/bootferry/image, which messages name.
std::string deviceNode(const std::string& device) {
    std::error_code missing;
    const auto path = std::filesystem::canonical(device, missing);
    return missing ? device : path.string();
}

UniqueFd openDevice(const std::string& device) {
    UniqueFd fd(::open(device.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (!fd && errno == ENOENT) {
        throw Error(ErrorCode::NotFound, fmt::format("the medium '{}' does not exist", device));
    }
    checkErrno(fd.get(), "opening '" + device + "'");
    struct stat status {};
    checkErrno(::fstat(fd.get(), &status), "looking at '" + device + "'");
    if (!S_ISBLK(status.st_mode)) {
        throw Error(ErrorCode::Invalid, fmt::format("'{}' is not a block device", device));
    }
    return fd;
}

class LiveRoot {
public:
    explicit LiveRoot(const LiveRootRequest& request)
        : request_(request), device_(deviceNode(request.device)) {}

    std::string assemble() {
        refuseSecondRun();
        if (request_.persistent && request_.encrypt) {
            requireAbility(encrypting);
        }
        requireSignedRootHash(request_.verity);
        openMedium();
        if (request_.check) {
            check();
        }
        mountMediumWithAdvice();
        mountOverlay();
        throwIfTerminated();
        mounts_.release();
        if (isoFilesystem_) {
            isoFilesystem_->keep();
        }
        return found_;
    }

private:
    void openMedium() {
        if (request_.isoFile.empty()) {
            held_ = openDevice(device_);
            return;
        }
        auto iso = scanForIso(mounts_, {.file = request_.isoFile,
                                        .medium = request_.device,
                                        .folder = isoScanFolder,
                                        .writable = request_.persistent && !request_.overlayReadOnly});
        isoFilesystem_.emplace(std::move(iso.filesystem));
        device_ = iso.device.path;
        held_ = std::move(iso.device.fd);
        logInfo(fmt::format("the medium is {}", iso.text));
    }

    [[nodiscard]] std::string place(const char* name) const { return request_.runDir + "/" + name; }

    void refuseSecondRun() const {
        for (const char* name : {"live", "squashfs_container", "rootfsbase", "overlayfs", "kept"}) {
            if (const auto mounted = mountedAt(place(name)); !mounted.empty()) {
                throw Error(ErrorCode::TargetRefused,
                            fmt::format("a live root is mounted already: {} at '{}'", mounted, place(name)));
            }
        }
        if (const auto mounted = mountedAt(isoScanFolder); !request_.isoFile.empty() && !mounted.empty()) {
            throw Error(ErrorCode::TargetRefused,
                        fmt::format("{} is mounted already at '{}'", mounted, isoScanFolder));
        }
    }

    // Through a loop device if `file` is given: `source` itself, open.
    void mountFileSystem(const std::string& source, const Contents& contents, const char* where,
                         const UniqueFd* file = nullptr) {
        const auto driver = kernelFilesystem(contents.type);
        requireFilesystem(driver);
        // A set-uid file that the running system has removed, or a device node, must not be usable through
        // the layers.
        const MountRequest request{source, place(where), driver,
                                   readOnlyOptions(contents.type) + ",nosuid,nodev"};
        try {
            if (file != nullptr) {
                mounts_.mountThroughLoop(*file, request);
            } else {
                const ReadOnlyDevice readOnly(source);
                mounts_.mount(request);
            }
        } catch (const Error& error) {
            explainCompression(error, source, contents);
            throw;
        }
        found_ += (found_.empty() ? fmt::format("'{}': ", device_) : ", ") + contents.type;
    }

    // The kernel reports a compression that it does not have as an invalid or unsupported file system.
    static void explainCompression(const Error& error, const std::string& source, const Contents& contents) {
        if (error.errnoValue() != EINVAL && error.errnoValue() != EOPNOTSUPP) {
            return;
        }
        const UniqueFd image(::open(source.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
        const auto compression = compressionOf(image.get(), contents.type);
        if (!compression.empty()) {
            throw Error(error.code(), fmt::format("{}; it is compressed with {}, which this kernel may not "
                                                  "support",
                                                  error.what(), compression));
        }
    }

    void mountFile(const ImageFile& file, const Contents& contents, const char* where) {
        mountFileSystem(file.path, contents, where, &file.fd);
    }

    void useAsRoot(const char* where) {
        mounts_.mount({place(where), place("rootfsbase"), "", "bind"});
        found_ += " (a root tree)";
    }

    // The image begins at the start of the disk, even if the medium was given as its first partition.
    void check() const {
        constexpr unsigned step = 10;
        const auto disk = diskOf(device_);
        unsigned next = step;
        const auto medium = openDevice(disk);
        const auto wanted = mediumChecksum(medium.get(), disk);
        checkMedium(medium.get(), disk, wanted, [&](unsigned percent) {
            throwIfTerminated();
            for (; percent >= next; next += step) {
                logInfo(fmt::format("checking '{}': {} %", disk, next));
            }
        });
        logInfo(fmt::format("the checksum embedded in '{}' matches: {}", disk, wanted.text()));
    }

    // A disk and its partitions cannot be mounted at the same time. So a medium on a disk is mounted from the
    // partition that holds it, or else through a loop device.
    void mountMediumAs(const Contents& contents, const char* where) {
        const bool wholeDisk = diskOf(device_) == device_ && isWritableDisk(device_);
        if (!wholeDisk) {
            mountFileSystem(device_, contents, where);
        } else if (const auto partition = partitionWith(contents)) {
            mountFileSystem(*partition, contents, where);
        } else {
            mountFileSystem(device_, contents, where, &held_);
        }
    }

    [[nodiscard]] std::optional<std::string> partitionWith(const Contents& contents) const {
        for (const auto& node : partitionsOf(device_)) {
            if (holds(node, contents)) {
                return node;
            }
        }
        return std::nullopt;
    }

    // The kernel gets a device of its own for the mount, which must not be a disk with a mounted partition.
    void mountVerifiedMedium(const Contents& contents, const std::string& name) {
        const bool wholeDisk = diskOf(device_) == device_ && isWritableDisk(device_);
        const auto node = wholeDisk ? partitionWith(contents) : device_;
        const auto verified = verify(node ? OpenLoopDevice{.path = *node, .fd = openDevice(*node)}
                                          : attachForMount(held_, device_),
                                     name);
        mountVerified(verified, probeVerified(verified, name), "squashfs_container");
        mountVerifiedRoot(verified);
    }

    [[nodiscard]] VerifiedImage verify(OpenLoopDevice image, const std::string& name) const {
        return {std::move(image), name, request_.verity, request_.verityTree};
    }

    [[nodiscard]] static Contents probeVerified(const VerifiedImage& image, const std::string& name) {
        return image.reading([&] { return probeContents(image.fd(), name); });
    }

    void mountVerified(const VerifiedImage& image, const Contents& contents, const char* where) {
        if (contents.kind != Contents::Kind::FileSystem) {
            notLive(fmt::format("{} is not a root image: {}", image.name(), whyNotMountable(contents)));
        }
        image.reading([&] { mountFileSystem(image.path(), contents, where); });
        found_ += " (verified)";
    }

    // The root image in the container is read through the same blocks.
    void mountVerifiedRoot(const VerifiedImage& container) {
        container.reading([&] { mountRootOf("squashfs_container", container.name()); });
    }

    // An unreadable partition is skipped: the disk can be mounted without it.
    [[nodiscard]] static bool holds(const std::string& node, const Contents& contents) {
        try {
            const auto partition = openDevice(node);
            const auto there = probeContents(partition.get(), node);
            return there.kind == Contents::Kind::FileSystem && there.type == contents.type &&
                   there.label == contents.label &&
                   readDiskContents(partition.get()).state == DiskState::Deployed;
        } catch (const Error& error) {
            logInfo(fmt::format("{}, ignoring", error.what()));
            return false;
        }
    }

    // An older ISO on the disk, of an installer for example, counts as deployed as well; so does the previous
    // image, to which a new root hash does not belong.
    void mountMediumWithAdvice() {
        try {
            mountMedium();
        } catch (const Error& error) {
            const bool isOtherImage = error.code() == ErrorCode::NotLive ||
                                      (error.code() == ErrorCode::Checksum && request_.verity.isRequested());
            const bool isLocal = request_.device.starts_with("/dev/disk/by-") || !request_.isoFile.empty();
            if (isOtherImage && !isLocal && isWritableDisk(diskOf(device_))) {
                throw Error(error.code(), fmt::format("{}; rd.kiwi.live.reset overwrites the disk with the "
                                                      "image that root=live: names",
                                                      error.what()));
            }
            throw;
        }
    }

    void mountMedium() {
        const auto contents = probeContents(openDevice(device_).get(), device_);
        if (contents.kind != Contents::Kind::FileSystem) {
            notLive(fmt::format("'{}' is not a live image: {}", device_, whyNotMountable(contents)));
        }
        if (isContainer(contents)) {
            const auto name = fmt::format("{} on '{}'", describe(contents), device_);
            if (request_.verity.isRequested()) {
                mountVerifiedMedium(contents, name);
            } else {
                mountMediumAs(contents, "squashfs_container");
                mountRootOf("squashfs_container", name);
            }
            return;
        }
        mountMediumAs(contents, "live");
        const ImageTree medium(place("live"));
        if (const auto image = medium.findFile(request_.imagePath())) {
            request_.verity.isRequested() ? mountVerifiedImage(*image) : mountImage(*image);
        } else if (medium.isRootTree()) {
            refuseUnverifiable();
            useAsRoot("live");
        } else {
            notLive(fmt::format("not a live image: {} on '{}' has no '{}': {}; {}", describe(contents),
                                device_, request_.imagePath(), whatIsThere(medium), advice(medium)));
        }
    }

    static std::string advice(const ImageTree& medium) {
        const auto found = findLayout([&medium](const std::string& folder) {
            return medium.names(folder).value_or(std::vector<std::string>());
        });
        if (!found) {
            return placeHint;
        }
        constexpr std::size_t longest = 100;
        const auto there = "its root image is " + printable(layoutDescription(found->image), longest);
        return found->served
                   ? fmt::format("{}: set {}", there, printable(layoutArguments(found->image), longest))
                   : fmt::format("{}: {}", there, whyNotServed(found->image));
    }

    [[nodiscard]] std::string whatIsThere(const ImageTree& medium) const {
        if (const auto inDir = medium.names(request_.dir); inDir && !request_.dir.empty()) {
            return fmt::format("its folder '{}' contains {}", request_.dir, listed(*inDir));
        }
        return fmt::format("its top folder contains {}",
                           listed(medium.names("").value_or(std::vector<std::string>())));
    }

    void mountImage(const ImageFile& image) {
        const auto name = request_.imagePath();
        const auto contents = probeContents(image.fd.get(), name);
        if (isEncrypted(contents)) {
            const auto device = imageDevice(image, "'" + name + "'", "luks");
            mountInside(device, "'" + name + "'", "squashfs_container");
            return;
        }
        if (contents.kind != Contents::Kind::FileSystem) {
            notLive(fmt::format("'{}' on '{}' is not a root image: {}", name, device_,
                                whyNotMountable(contents)));
        }
        if (isContainer(contents)) {
            mountFile(image, contents, "squashfs_container");
            mountRootOf("squashfs_container", "'" + name + "'");
        } else {
            mountFile(image, contents, "rootfsbase");
        }
    }

    // The device with the image in the file; it is the decrypted one if the image is encrypted.
    OpenLoopDevice imageDevice(const ImageFile& image, const std::string& name, const char* mapped) {
        auto loop = attachForMount(image.fd, image.path);
        if (!isEncrypted(probeContents(loop.fd.get(), name))) {
            return loop;
        }
        auto inside = openEncryptedImage(loop.path, name, mapped);
        logInfo(fmt::format("{} is encrypted", name));
        return {.path = std::move(inside.path), .fd = std::move(inside.fd)};
    }

    // where: of a container; a file system is the root.
    void mountInside(const OpenLoopDevice& device, const std::string& name, const char* where) {
        const auto contents = probeContents(device.fd.get(), name);
        if (contents.kind != Contents::Kind::FileSystem) {
            notLive(fmt::format("{}, decrypted, is not a root image: {}", name, whyNotMountable(contents)));
        }
        const std::string place = isContainer(contents) ? where : "rootfsbase";
        mountFileSystem(device.path, contents, place.c_str());
        found_ += " (encrypted)";
        if (place == "squashfs_container") {
            mountRootOf("squashfs_container", name);
        }
    }

    void mountVerifiedImage(const ImageFile& image) {
        const auto name = "'" + request_.imagePath() + "'";
        const auto verified = verify(imageDevice(image, name, "luks"), name);
        const auto contents = probeVerified(verified, name);
        if (isContainer(contents)) {
            mountVerified(verified, contents, "squashfs_container");
            mountVerifiedRoot(verified);
        } else {
            mountVerified(verified, contents, "rootfsbase");
        }
    }

    void refuseUnverifiable() const {
        if (request_.verity.isRequested()) {
            notLive(
                fmt::format("'{}' holds a root tree and no '{}': rd.bootferry.roothash= needs a root image",
                            device_, request_.imagePath()));
        }
    }

    [[nodiscard]] std::vector<std::string> rootImageNames() const {
        std::vector<std::string> names{joined(request_.dir, "rootfs.img")};
        if (names.front() != containedRootImage) {
            names.emplace_back(containedRootImage);
        }
        return names;
    }

    void mountRootOf(const char* container, const std::string& name) {
        const ImageTree tree(place(container));
        for (const auto& rootImage : rootImageNames()) {
            if (const auto file = tree.findFile(rootImage)) {
                const auto contents = probeContents(file->fd.get(), rootImage);
                if (isEncrypted(contents)) {
                    const auto device = imageDevice(*file, "'" + rootImage + "'", "luks_root");
                    mountInside(device, "'" + rootImage + "'", "rootfsbase");
                    return;
                }
                if (contents.kind != Contents::Kind::FileSystem) {
                    notLive(fmt::format("'{}' in {} is not a root image: {}", rootImage, name,
                                        whyNotMountable(contents)));
                }
                mountFile(*file, contents, "rootfsbase");
                return;
            }
        }
        if (!tree.isRootTree()) {
            notLive(fmt::format("{} holds neither '{}' nor a root tree: its top folder contains {}", name,
                                rootImageNames().front(),
                                listed(tree.names("").value_or(std::vector<std::string>()))));
        }
        useAsRoot(container);
    }

    void mountOverlay() {
        requireFilesystem("overlay"); // for sysroot.mount, which runs next
        found_ += mountWritableLayer(mounts_, {.folder = place("overlayfs"),
                                               .lower = place("rootfsbase"),
                                               .trial = place("trial"),
                                               .kept = place("kept"),
                                               .tmpfsSize = request_.overlaySize,
                                               .persistent = request_.persistent,
                                               .readOnly = request_.overlayReadOnly,
                                               .reset = request_.overlayReset,
                                               .cowFilesystem = request_.cowFilesystem,
                                               .encrypt = request_.encrypt,
                                               .disk = diskOf(device_),
                                               .cowFile = cowFile()});
    }

    [[nodiscard]] std::optional<CowFileRequest> cowFile() const {
        if (request_.isoFile.empty()) {
            return std::nullopt;
        }
        return CowFileRequest{.folder = isoScanFolder,
                              .name = request_.cowFile,
                              .mib = request_.cowFileMib,
                              .wanted = {.filesystem = request_.cowFilesystem, .encrypted = request_.encrypt},
                              .lookedAt = place("trial")};
    }

    const LiveRootRequest& request_;
    std::string device_;
    std::string found_;
    std::optional<ReadOnlyDevice> isoFilesystem_; // longer than its mount
    MountStack mounts_;
    UniqueFd held_; // keeps the node from becoming another device's; a device in a mounted file is busy
};

} // namespace

std::string LiveRootRequest::imagePath() const {
    return joined(dir, squashimg);
}

void requireSignedRootHash(const VerityRequest& verity) {
    if (!verity.signature.empty()) {
        logInfo(fmt::format("the root hash is signed by {}",
                            verifyRootHashSignature(verity.rootHash, verity.signature)));
    }
}

std::string assembleLiveRoot(const LiveRootRequest& request) {
    return LiveRoot(request).assemble();
}

} // namespace bootferry
