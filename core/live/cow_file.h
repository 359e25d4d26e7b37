// SPDX-License-Identifier: LGPL-2.1-or-later
// The file beside an ISO file that keeps the running system's changes, as KIWI has it: made at the first boot
// and found again at later ones. One that KIWI made is used. What is in it otherwise is never overwritten.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "loop_device.h"
#include "overlay_filesystem.h"
#include "overlay_request.h"

namespace bootferry {

struct CowFileRequest {
    std::string folder;                    // where the file system is mounted, writable
    std::string name;                      // a relative path in it
    std::uint64_t mib = defaultCowFileMib; // of a new one
    NewPartition wanted;
    std::string lookedAt; // of OverlayPlace
};

// Detaches the device at its end; the kernel waits for the last user, such as a mount.
class AttachedFile {
public:
    explicit AttachedFile(OpenLoopDevice loop) : loop_(std::move(loop)) {}
    AttachedFile(AttachedFile&&) noexcept = default;
    AttachedFile& operator=(AttachedFile&&) = delete;
    AttachedFile(const AttachedFile&) = delete;
    AttachedFile& operator=(const AttachedFile&) = delete;
    ~AttachedFile();

    [[nodiscard]] const OpenLoopDevice& device() const { return loop_; }

private:
    OpenLoopDevice loop_;
};

struct CowFile {
    AttachedFile attached; // until the partition is mounted
    WritePartition partition;
};

// Finds the file, or makes it. Waits for a passphrase. Throws Error with the reason why changes cannot be
// kept.
[[nodiscard]] CowFile prepareCowFile(const CowFileRequest& request);

// Finds it to mount it read-only; nullopt if there is none. Throws as prepareCowFile().
[[nodiscard]] std::optional<CowFile> findCowFile(const CowFileRequest& request);

} // namespace bootferry
