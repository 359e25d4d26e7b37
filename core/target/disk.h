// SPDX-License-Identifier: LGPL-2.1-or-later
// A disk as a target: one open device. Its name is used once, to open it; whatever is done then, looking at
// what lies there, wiping it, writing to it, having the kernel read its partition table, is done to that very
// device, wherever the name points meanwhile. It is open exclusively all the time (no mount, no holder), and
// locked as udev and other tools honour it (systemd's docs/BLOCK_DEVICE_LOCKING.md). Calls block, for seconds
// where the disk is slow.
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
    // Opens it for looking only, which leaves udev without a reason to look at it again. Throws
    // Error(NotFound) where it is no block device, Error(TargetRefused) where it is in use or locked, with
    // the user's name; Error(Io).
    explicit Disk(const std::string& name);

    [[nodiscard]] const std::string& name() const { return name_; } // as it was given
    // "/dev/sda": what it is called whatever becomes of the name it was opened by.
    [[nodiscard]] const std::string& node() const { return node_; }
    [[nodiscard]] const BlockGeometry& geometry() const { return geometry_; }
    [[nodiscard]] bool isReadOnly() const { return readOnly_; }

    [[nodiscard]] DiskContents contents() const;

    // From here on it may be written to, and is locked against everybody. Throws Error(TargetRefused):
    // read-only, in use, locked, or another device by now. Does nothing where it was claimed before.
    void claimForWriting();

    // Makes it *incomplete*: what cannot be read is written and read again, or refused with its place, before
    // anything else is touched; then the first block gets the mark, alone; then every signature that libblkid
    // knows goes, and both ends. Flushed. `contents` are those that were just read. Throws
    // Error(TargetRefused, Io).
    void wipe(const DiskContents& contents);

    // While the worker waits with the head: what lies where the partition for changes would be made, behind
    // an image of so many bytes, goes, so that no earlier one is found again. Flushed. Throws Error(Io).
    void clearBehind(std::uint64_t imageSize) const;

    // The same open device, for the worker: it stays claimed and locked while either of the two descriptors
    // is open.
    [[nodiscard]] PreparedTarget target() const;

    // Has the kernel read the partition table of what was written. What is in use is left as it is.
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
    UniqueFd path_; // O_PATH: what the name meant when it was opened
    UniqueFd fd_;
    UniqueFd whole_; // of a partition: the whole disk, which is what is locked
    dev_t number_ = 0;
    std::optional<std::uint64_t> sequence_; // of the kernel: unlike numbers it is never given twice
    BlockGeometry geometry_;
    bool readOnly_ = false;
    bool writable_ = false;
};

// Throws Error(TooLarge) with the numbers where so many bytes do not fit.
void requireRoom(const Disk& disk, std::uint64_t size);

} // namespace bootferry
