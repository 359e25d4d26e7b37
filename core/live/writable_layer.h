// SPDX-License-Identifier: LGPL-2.1-or-later
// The layer of the root that the running system writes to: a tmpfs, or the partition for changes on the
// medium's disk. A partition is used only after an overlay over it was tried and written to: whatever is
// wrong with it costs the changes and never the boot.
#pragma once

#include <string>

#include "mounts.h"

namespace bootferry {

struct WritableLayer {
    std::string folder;    // where it is mounted; gets rw and work
    std::string lower;     // the read-only root, mounted already
    std::string trial;     // a folder for an overlay that is there for a moment; it is made and removed
    std::string tmpfsSize; // as tmpfs(5)'s size=
    bool persistent = false;
    std::string cowFilesystem; // of the partition, where it has to be made
    std::string disk;          // that the partition is looked for on
};

// Throws Error(Io, Cancelled). Returns what it is, for the log: "; changes are kept on '/dev/sda3' (ext4)",
// or nothing.
[[nodiscard]] std::string mountWritableLayer(MountStack& mounts, const WritableLayer& layer);

} // namespace bootferry
