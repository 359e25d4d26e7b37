// SPDX-License-Identifier: LGPL-2.1-or-later
// The layer of the root that the running system writes to: a tmpfs, the partition for changes on the medium's
// disk, or the file for changes beside an ISO file. A partition is used only after a trial overlay on it was
// mounted and written to: a fault in it may cost the changes, never the boot.
#pragma once

#include <optional>
#include <string>

#include "cow_file.h"
#include "mounts.h"

namespace bootferry {

struct WritableLayer {
    std::string folder;    // its mount point; gets rw and work
    std::string lower;     // the read-only root, already mounted
    std::string trial;     // the mount point of the trial overlay; created and removed
    std::string kept;      // the partition's mount point with readOnly; gets rw, empty if nothing is shown
    std::string tmpfsSize; // as size= of tmpfs(5)
    bool persistent = false;
    bool readOnly = false;     // with persistent: the kept changes are below a tmpfs, and stay as they are
    bool reset = false;        // with persistent: the kept changes are discarded
    std::string cowFilesystem; // of a new partition
    bool encrypt = false;      // a new partition; one in the clear is neither written to nor shown
    std::string disk;          // to search for the partition
    std::optional<CowFileRequest> cowFile; // instead of a partition
};

// Throws Error(Io, Cancelled). Returns a text for the log: "; changes are kept on '/dev/sda3' (ext4)", or
// an empty one.
[[nodiscard]] std::string mountWritableLayer(MountStack& mounts, const WritableLayer& layer);

} // namespace bootferry
