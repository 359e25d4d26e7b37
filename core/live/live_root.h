// SPDX-License-Identifier: LGPL-2.1-or-later
// From a device that holds a live image to the layers of its root, at the mount points that KIWI's images
// have always found:
//   live               the medium: an ISO 9660, or another file system with DIR/SQUASHIMG in it
//   squashfs_container what SQUASHIMG, or the device itself, is as squashfs or erofs
//   rootfsbase         the root, read-only: DIR/rootfs.img of the container, or a root tree as it stands
//   overlayfs          a tmpfs, or a partition of the medium's disk, with rw and work, for what the running
//                      system writes
// sysroot.mount, of initrd-generator, then lays an overlay over the last two.
#pragma once

#include <string>
#include <vector>

namespace bootferry {

struct LiveRootRequest {
    std::string device;
    std::string dir = "LiveOS";
    std::string squashimg = "squashfs.img";
    std::string overlaySize = "50%";     // as tmpfs(5)'s size=
    bool check = false;                  // verify the checksum embedded in the medium first
    bool persistent = false;             // keep what is written on the medium's disk
    std::string cowFilesystem = "ext4";  // of the partition for it, where it has to be made
    std::string runDir = "/run/overlay"; // absolute; only tests want another

    [[nodiscard]] std::string imagePath() const; // DIR/SQUASHIMG
};

// The words after the program's name; --help and --version are the caller's. Throws Error(Invalid).
[[nodiscard]] LiveRootRequest parseLiveRootArguments(const std::vector<std::string>& arguments);

// Mounts everything, or throws and leaves nothing mounted: Error(NotLive) where the device holds something
// else, Error(TargetRefused) where something is mounted already. Returns what was found, for the log:
// "'/dev/ram0': iso9660, squashfs, ext4".
[[nodiscard]] std::string assembleLiveRoot(const LiveRootRequest& request);

} // namespace bootferry
