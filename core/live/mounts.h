// SPDX-License-Identifier: LGPL-2.1-or-later
// Mounts that belong together: either all of them stay, or none. Mounts with libmount(3), not
// mount(8), and without the tables in /run/mount: the kernel's own table suffices. Loop devices are our own.
#pragma once

#include <string>
#include <vector>

#include "handles.h"

namespace bootferry {

struct MountRequest {
    std::string source; // a device, a folder (bind), or any name (tmpfs)
    std::string target; // a folder; it is created
    std::string type;   // the kernel's name; empty for bind
    std::string options;
};

// The mount at the folder, "'/dev/loop0' (ext4)"; empty if there is none.
[[nodiscard]] std::string mountedAt(const std::string& folder);

class MountStack {
public:
    MountStack() = default;
    MountStack(const MountStack&) = delete;
    MountStack& operator=(const MountStack&) = delete;
    // Unmounts in reverse order, unless released; a failure is logged and ignored.
    ~MountStack();

    // Throws Error(Io), which names source, type and target, or Error(Cancelled), see termination.h.
    void mount(const MountRequest& request);

    // The same for an open file or disk, through a read-only loop device that is gone with the mount;
    // request.source only names it in messages. Throws Error(Unsupported) as well.
    void mountThroughLoop(const UniqueFd& file, const MountRequest& request);

    // Throws Error(Io).
    void unmountLast();

    // All mounts stay.
    void release() noexcept { targets_.clear(); }

private:
    void mountSource(const std::string& source, const MountRequest& request);

    std::vector<std::string> targets_;
};

} // namespace bootferry
