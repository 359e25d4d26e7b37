// SPDX-License-Identifier: LGPL-2.1-or-later
// Mounts that belong together: either all of them stay, or none. libmount(3) does them (loop devices
// included), never mount(8), and without its tables below /run/mount: the kernel's own table is enough.
#pragma once

#include <string>
#include <vector>

namespace bootferry {

struct MountRequest {
    std::string source; // a device, a file (with the option loop), a folder (bind), or a word (tmpfs)
    std::string target; // a folder; it is created
    std::string type;   // as the kernel names it; empty for bind
    std::string options;
};

// What is mounted at the folder, "'/dev/loop0' (ext4)"; empty where nothing is.
[[nodiscard]] std::string mountedAt(const std::string& folder);

// Loads the loop module where it is one and not there yet. Throws Error(Unsupported).
void requireLoopDevices();

class MountStack {
public:
    MountStack() = default;
    MountStack(const MountStack&) = delete;
    MountStack& operator=(const MountStack&) = delete;
    // Unmounts in reverse what was mounted, unless released; a failure there is logged and passed over.
    ~MountStack();

    // Throws Error(Io), its text naming source, type and target; Error(Cancelled), see termination.h.
    void mount(const MountRequest& request);

    // What was mounted last goes again. Throws Error(Io).
    void unmountLast();

    // They stay.
    void release() noexcept { targets_.clear(); }

private:
    std::vector<std::string> targets_;
};

} // namespace bootferry
