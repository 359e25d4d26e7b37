// SPDX-License-Identifier: LGPL-2.1-or-later
// The partition's contents are untrusted: rw and work are opened as folders, without following links, and
// changed only through those descriptors.
#include "writable_layer.h"

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "disk_contents.h"
#include "errors.h"
#include "handles.h"
#include "kernel_modules.h"
#include "live_image.h"
#include "log.h"
#include "persistent_overlay.h"

namespace bootferry {
namespace {

// The owner of a file of the running system could use it through this mount, past the overlay.
constexpr const char* belowTheOverlay = "nosuid,nodev";
constexpr std::size_t longestReason = 1024;
constexpr const char* trialFile = ".bootferry-trial";

UniqueFd openFolder(int parent, const std::string& name, const std::string& shown) {
    UniqueFd fd(::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd && (errno == ELOOP || errno == ENOTDIR)) {
        throw Error(ErrorCode::Io, fmt::format("'{}' is not a folder", shown));
    }
    checkErrno(fd.get(), fmt::format("opening '{}'", shown));
    return fd;
}

void prepareFolders(const std::string& folder) {
    constexpr mode_t mode = 0755;
    const auto top = openFolder(AT_FDCWD, folder, folder);
    struct statvfs mounted {};
    checkErrno(::fstatvfs(top.get(), &mounted), fmt::format("looking at '{}'", folder));
    if ((mounted.f_flag & ST_RDONLY) != 0) {
        throw Error(ErrorCode::Io, fmt::format("'{}' can only be mounted read-only", folder));
    }
    for (const char* name : {"rw", "work"}) {
        const auto shown = folder + "/" + name;
        if (::mkdirat(top.get(), name, mode) < 0 && errno != EEXIST) {
            throwErrno(errno, fmt::format("creating '{}'", shown));
        }
        const auto made = openFolder(top.get(), name, shown);
        struct stat status {};
        checkErrno(::fstat(made.get(), &status), fmt::format("looking at '{}'", shown));
        if ((status.st_mode & 07777U) != mode) {
            checkErrno(::fchmod(made.get(), mode), fmt::format("setting the mode of '{}'", shown));
        }
    }
}

void writeTrialFile(const std::string& folder) {
    const auto what = fmt::format("writing to an overlay at '{}'", folder);
    const auto top = openFolder(AT_FDCWD, folder, folder);
    (void)::unlinkat(top.get(), trialFile, 0); // left by a boot that ended here
    const UniqueFd file(checkErrno(
        ::openat(top.get(), trialFile, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600), what));
    checkErrno(::unlinkat(top.get(), trialFile, 0), what);
}

// Mounts the overlay as sysroot.mount will.
void tryOverlay(MountStack& mounts, const WritableLayer& layer) {
    mounts.mount(
        {"overlay", layer.trial, "overlay",
         fmt::format("lowerdir={},upperdir={}/rw,workdir={}/work", layer.lower, layer.folder, layer.folder)});
    try {
        writeTrialFile(layer.trial);
    } catch (const Error&) {
        mounts.unmountLast();
        throw;
    }
    mounts.unmountLast();
}

void mountPartition(MountStack& mounts, const WritableLayer& layer, const WritePartition& partition) {
    requireFilesystem(partition.filesystem);
    mounts.mount({partition.node, layer.folder, partition.filesystem, fmt::format("rw,{}", belowTheOverlay)});
    try {
        prepareFolders(layer.folder);
        tryOverlay(mounts, layer);
        (void)::rmdir(layer.trial.c_str());
    } catch (const Error&) {
        (void)::rmdir(layer.trial.c_str());
        mounts.unmountLast();
        throw;
    }
}

std::string mountWritePartition(MountStack& mounts, const WritableLayer& layer) {
    MediumDisk disk(layer.disk);
    const auto imageEnd = readDiskContents(disk.fd().get()).imageSize;
    const auto partition = prepareWritePartition(disk, imageEnd, layer.cowFilesystem);
    mountPartition(mounts, layer, partition);
    if (partition.filesystem != layer.cowFilesystem) {
        logInfo(fmt::format("'{}' is {}, not {}: using it as it is (rd.kiwi.live.reset recreates it)",
                            partition.node, partition.filesystem, layer.cowFilesystem));
    }
    return fmt::format("; changes are kept on '{}' ({}{})", partition.node, partition.filesystem,
                       partition.made ? ", new" : "");
}

} // namespace

// A system that cannot keep its changes is better than none: the reason is logged, and a tmpfs used.
std::string mountWritableLayer(MountStack& mounts, const WritableLayer& layer) {
    if (layer.persistent) {
        try {
            return mountWritePartition(mounts, layer);
        } catch (const Error& error) {
            if (error.code() == ErrorCode::Cancelled) {
                throw;
            }
            logWarning(fmt::format("CHANGES WILL BE LOST AT THE NEXT BOOT, because "
                                   "rd.live.overlay.persistent is not possible: {}",
                                   printable(error.what(), longestReason)));
        }
    }
    mounts.mount({"tmpfs", layer.folder, "tmpfs",
                  fmt::format("mode=0755,size={},{}", layer.tmpfsSize, belowTheOverlay)});
    prepareFolders(layer.folder);
    return {};
}

} // namespace bootferry
