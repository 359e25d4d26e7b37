// SPDX-License-Identifier: LGPL-2.1-or-later
// A disk as a target: one open device. Its name is used once, to open it; inspecting, wiping, writing and
// rereading the partition table then apply to that device, even if the name points elsewhere meanwhile. It is
// open exclusively all the time (no mount, no holder), and locked in the way that udev and other tools honour
// (systemd's docs/BLOCK_DEVICE_LOCKING.md). Calls block, for seconds on a slow disk.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <sys/types.h>

#include "block_geometry.h"
#include "disk_contents.h"
#include "handles.h"
#include "prepared_target.h"

namespace bootferry {

class Disk {
public:
    // Opens it read-only, which gives udev no reason to probe it again. Throws Error(NotFound) if it is not a
    // block device, Error(TargetRefused) if it is in use or locked, naming the user if known; Error(Io).
    explicit Disk(const std::string& name);

    [[nodiscard]] const std::string& name() const { return name_; } // as given by the caller
    // "/dev/sda": the device's own name, independent of the one it was opened by.
    [[nodiscard]] const std::string& node() const { return node_; }
    [[nodiscard]] const BlockGeometry& geometry() const { return geometry_; }
    [[nodiscard]] bool isReadOnly() const { return readOnly_; }

    [[nodiscard]] DiskContents contents() const;

    // From now on it may be written to, and is locked exclusively. Throws Error(TargetRefused) if it is
    // read-only, in use, locked, or now another device. Does nothing if already claimed.
    void claimForWriting();

    // From now on others may look at it, but neither claim nor lock it exclusively: udev waits for a lock,
    // and a boot for udev.
    void shareLock() const noexcept;

    // Makes it *incomplete*, in this order: unreadable places are overwritten and read again, or refused with
    // their position; the first block gets the mark, alone; all signatures that libblkid knows and both ends
    // are wiped. Flushed. contents: just read. Throws Error(TargetRefused, Io).
    void wipe(const DiskContents& contents);

    // Called while the worker holds back the head: wipes the place behind an image of this size where the
    // partition for changes would begin, so that no earlier one is found again. Flushed. Throws Error(Io).
    void clearBehind(std::uint64_t imageSize) const;

    // The same open device, for the worker: it stays claimed and locked while either descriptor is open.
    [[nodiscard]] PreparedTarget target() const;

    // Has the kernel reread the partition table. Partitions in use are left as they are.
    void rereadPartitionTable() const noexcept;

private:
    void open(int access);
    void lock(int operation);
    bool setDirectIo(bool direct) const noexcept;
    void heal(const std::vector<ByteRange>& found) const;
    void writeZeros(const ByteRange& place) const;
    void markFirstBlock() const;
    void wipeSignatures() const;

    std::string name_;
    std::string node_;
    UniqueFd path_; // O_PATH: the device that the name referred to when opened
    UniqueFd fd_;
    UniqueFd whole_; // the whole disk of a partition: the one that is locked
    dev_t number_ = 0;
    std::optional<std::uint64_t> sequence_; // the kernel's: unlike numbers, never reused
    BlockGeometry geometry_;
    bool readOnly_ = false;
    bool writable_ = false;
};

// Throws Error(TooLarge) with the numbers if so many bytes do not fit.
void requireRoom(const Disk& disk, std::uint64_t size);

} // namespace bootferry
