// SPDX-License-Identifier: LGPL-2.1-or-later
// The partition's contents are untrusted: rw and work are opened as folders, without following links, and
// changed only through those descriptors.
#include "writable_layer.h"

#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>

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
constexpr const char* discarded = ".bootferry-discarded";

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

// The folders are moved away before anything in them is removed, and the move is flushed: a power cut in the
// middle leaves all changes or none.
void discardChanges(const std::string& folder) {
    const auto what = fmt::format("discarding the changes on '{}'", folder);
    const auto top = openFolder(AT_FDCWD, folder, folder);
    if (::mkdirat(top.get(), discarded, 0700) < 0 && errno != EEXIST) {
        throwErrno(errno, what);
    }
    const auto away = openFolder(top.get(), discarded, folder + "/" + discarded);
    for (const char* name : {"work", "rw"}) {
        // Files that could not be removed the last time are still there.
        std::string target = name;
        for (unsigned number = 1; ::faccessat(away.get(), target.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
             ++number) {
            target = fmt::format("{}.{}", name, number);
        }
        if (::renameat(top.get(), name, away.get(), target.c_str()) < 0 && errno != ENOENT) {
            throwErrno(errno, what);
        }
    }
    checkErrno(::syncfs(top.get()), what);
    logInfo(fmt::format("the kept changes on '{}' are discarded", folder));
}

// Also after a boot that ended before it had removed them. A file that cannot be removed, since it is
// immutable for example, costs only space.
void removeDiscarded(const std::string& folder) {
    const auto top = openFolder(AT_FDCWD, folder, folder);
    std::error_code failure;
    std::filesystem::remove_all(fmt::format("/proc/self/fd/{}/{}", top.get(), discarded), failure);
    if (failure) {
        logWarning(fmt::format("removing '{}/{}': {}, ignoring", folder, discarded, failure.message()));
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
    const auto lower = layer.readOnly ? fmt::format("{}/rw:{}", layer.kept, layer.lower) : layer.lower;
    try {
        mounts.mount(
            {"overlay", layer.trial, "overlay",
             fmt::format("lowerdir={},upperdir={}/rw,workdir={}/work", lower, layer.folder, layer.folder)});
        try {
            writeTrialFile(layer.trial);
        } catch (const Error&) {
            mounts.unmountLast();
            throw;
        }
        mounts.unmountLast();
    } catch (const Error&) {
        (void)::rmdir(layer.trial.c_str());
        throw;
    }
    (void)::rmdir(layer.trial.c_str());
}

void mountPartition(MountStack& mounts, const WritableLayer& layer, const WritePartition& partition) {
    requireFilesystem(partition.filesystem);
    mounts.mount({partition.node, layer.folder, partition.filesystem, fmt::format("rw,{}", belowTheOverlay)});
    try {
        removeDiscarded(layer.folder);
        if (layer.reset) {
            discardChanges(layer.folder);
            removeDiscarded(layer.folder);
        }
        prepareFolders(layer.folder);
        tryOverlay(mounts, layer);
    } catch (const Error&) {
        mounts.unmountLast();
        throw;
    }
}

std::string mountCowFile(MountStack& mounts, const WritableLayer& layer) {
    const auto file = prepareCowFile(*layer.cowFile);
    mountPartition(mounts, layer, file.partition);
    return fmt::format("; changes are kept in '{}' ({}{}{})", file.partition.partition,
                       file.partition.filesystem, file.partition.encrypted ? ", encrypted" : "",
                       file.partition.made ? ", new" : "");
}

std::string mountWritePartition(MountStack& mounts, const WritableLayer& layer) {
    MediumDisk disk(layer.disk);
    const auto imageEnd = readDiskContents(disk.fd().get()).imageSize;
    const auto partition = prepareWritePartition(
        disk, imageEnd, {.filesystem = layer.cowFilesystem, .encrypted = layer.encrypt});
    mountPartition(mounts, layer, partition);
    if (partition.filesystem != layer.cowFilesystem) {
        logInfo(fmt::format("'{}' is {}, not {}: using it as it is (rd.kiwi.live.reset recreates it)",
                            partition.partition, partition.filesystem, layer.cowFilesystem));
    }
    return fmt::format("; changes are kept on '{}' ({}{}{})", partition.partition, partition.filesystem,
                       partition.encrypted ? ", encrypted" : "", partition.made ? ", new" : "");
}

void mountTemporary(MountStack& mounts, const WritableLayer& layer) {
    mounts.mount({"tmpfs", layer.folder, "tmpfs",
                  fmt::format("mode=0755,size={},{}", layer.tmpfsSize, belowTheOverlay)});
    prepareFolders(layer.folder);
}

void mountShown(MountStack& mounts, const WritableLayer& layer, const WritePartition& partition) {
    requireFilesystem(partition.filesystem);
    // A file for changes lies on a read-only file system: no journal can be replayed.
    const auto access = layer.cowFile ? readOnlyOptions(partition.filesystem) : "ro";
    mounts.mount(
        {partition.node, layer.kept, partition.filesystem, fmt::format("{},{}", access, belowTheOverlay)});
    try {
        const auto top = openFolder(AT_FDCWD, layer.kept, layer.kept);
        (void)openFolder(top.get(), "rw", layer.kept + "/rw");
        tryOverlay(mounts, layer);
    } catch (const Error&) {
        mounts.unmountLast();
        throw;
    }
}

// Mounts them below the tmpfs; false if there are none.
bool mountKeptChanges(MountStack& mounts, const WritableLayer& layer) {
    if (layer.cowFile) {
        const auto file = findCowFile(*layer.cowFile);
        if (file) {
            mountShown(mounts, layer, file->partition);
        }
        return file.has_value();
    }
    MediumDisk disk(layer.disk);
    const auto partition =
        findWritePartition(disk, readDiskContents(disk.fd().get()).imageSize, layer.encrypt);
    if (partition) {
        mountShown(mounts, layer, *partition);
    }
    return partition.has_value();
}

void makeNothingKept(const WritableLayer& layer) {
    std::filesystem::create_directories(layer.kept + "/rw");
}

std::string mountReadOnlyLayer(MountStack& mounts, const WritableLayer& layer) {
    mountTemporary(mounts, layer);
    try {
        if (mountKeptChanges(mounts, layer)) {
            return "; the kept changes are shown, and new ones are lost at the next boot";
        }
        logInfo(fmt::format("there are no kept changes {}", layer.cowFile
                                                                ? fmt::format("in '{}'", layer.cowFile->name)
                                                                : fmt::format("on '{}'", layer.disk)));
    } catch (const Error& error) {
        if (error.code() == ErrorCode::Cancelled) {
            throw;
        }
        logWarning(fmt::format("the kept changes are not shown: {}", printable(error.what(), longestReason)));
    }
    makeNothingKept(layer);
    return {};
}

} // namespace

// A system that cannot keep its changes is better than none: the reason is logged, and a tmpfs used.
std::string mountWritableLayer(MountStack& mounts, const WritableLayer& layer) {
    if (layer.persistent && layer.readOnly) {
        return mountReadOnlyLayer(mounts, layer);
    }
    if (layer.persistent) {
        try {
            return layer.cowFile ? mountCowFile(mounts, layer) : mountWritePartition(mounts, layer);
        } catch (const Error& error) {
            if (error.code() == ErrorCode::Cancelled) {
                throw;
            }
            logWarning(fmt::format("CHANGES WILL BE LOST AT THE NEXT BOOT, because "
                                   "rd.live.overlay.persistent is not possible: {}",
                                   printable(error.what(), longestReason)));
        }
    }
    mountTemporary(mounts, layer);
    return {};
}

} // namespace bootferry
