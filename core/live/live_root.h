// SPDX-License-Identifier: LGPL-2.1-or-later
// Mounts the layers of a live image's root from its device, at the mount points that KIWI images expect:
//   live               the medium: an ISO 9660, or another file system that contains DIR/SQUASHIMG
//   squashfs_container the squashfs or erofs in SQUASHIMG, or on the device itself
//   rootfsbase         the root, read-only: DIR/rootfs.img of the container, or a root tree
//   overlayfs          a tmpfs, or a partition of the medium's disk, with rw and work, for the running
//                      system's changes
//   kept               with --overlay-readonly: that partition, read-only, with rw; or only an empty rw
// With --roothash, the file system in SQUASHIMG, or on the device itself, is mounted from a device on which
// the kernel verifies each block. sysroot.mount, of initrd-generator, then mounts an overlay of them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cryptsetup_library.h"
#include "live_layout.h"
#include "overlay_request.h"
#include "verity_request.h"

namespace bootferry {

// Where the file system with an ISO file stays mounted, as dracut and KIWI have it.
inline constexpr const char* isoScanFolder = "/run/initramfs/isoscan";

struct LiveRootRequest {
    std::string device;
    std::string isoFile; // the device is the ISO in this file (iso_scan.h), and not there yet
    std::string dir{defaultLiveFolder};
    std::string squashimg{defaultRootImage};
    std::string overlaySize = "50%";     // as size= of tmpfs(5)
    bool check = false;                  // verify the checksum embedded in the medium first
    bool persistent = false;             // keep changes on the medium's disk
    bool overlayReadOnly = false;        // with persistent: show the kept changes, and keep no new ones
    bool overlayReset = false;           // with persistent: discard the kept changes
    std::string cowFilesystem = "ext4";  // of a new partition for them
    std::string cowFile{defaultCowFile}; // with persistent and isoFile: keeps them, on that file system
    std::uint64_t cowFileMib = defaultCowFileMib; // of a new one
    bool encrypt = false;                // with persistent: encrypt a new partition, and write to no other
    VerityRequest verity;                // verify the root image as it is read
    std::string verityTree;              // the file with its hash tree, unless verity.offset is set
    std::string runDir = "/run/overlay"; // absolute; only tests use another
    std::vector<Ability> abilities;      // with any, nothing is mounted: see whether the initrd has them

    [[nodiscard]] std::string imagePath() const; // DIR/SQUASHIMG
};

// Of --squashimg=. Throws Error(Invalid) if it is no relative path.
[[nodiscard]] std::string parseImageName(std::string_view text);

// arguments: without the program's name; the caller handles --help and --version. Throws Error(Invalid).
[[nodiscard]] LiveRootRequest parseLiveRootArguments(const std::vector<std::string>& arguments);

// Logs who signed the root hash, if it must be signed. Throws as verifyRootHashSignature().
void requireSignedRootHash(const VerityRequest& verity);

// Mounts everything, or throws and leaves nothing mounted: Error(NotLive) if the device does not hold a live
// image, Error(TargetRefused) if a mount point is in use. Returns the layers found, for the log:
// "'/dev/ram0': iso9660, squashfs, ext4".
[[nodiscard]] std::string assembleLiveRoot(const LiveRootRequest& request);

} // namespace bootferry
