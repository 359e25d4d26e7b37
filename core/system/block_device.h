// SPDX-License-Identifier: LGPL-2.1-or-later
// A block device as the kernel lists it: its names, its disk, its partitions, its attributes (sd-device,
// which reads /sys). A path is followed to the device's number, so that a link, a node made by hand and the
// kernel's own node mean the same device. An object is a snapshot: an attribute that was read once does not
// change.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>
#include <systemd/sd-device.h>

namespace bootferry {

class BlockDevice {
public:
    // Each returns nullopt if there is no such device. path: of a node, or of a link to one; name: see
    // name().
    [[nodiscard]] static std::optional<BlockDevice> of(dev_t number);
    [[nodiscard]] static std::optional<BlockDevice> at(const std::string& path);
    [[nodiscard]] static std::optional<BlockDevice> named(const std::string& name);

    // All disks, without partitions, in the order of their names.
    [[nodiscard]] static std::vector<BlockDevice> disks();

    [[nodiscard]] std::string name() const; // the kernel's: "sda3", "cciss/c0d0"
    [[nodiscard]] std::string node() const; // "/dev/sda3", "/dev/cciss/c0d0"
    [[nodiscard]] dev_t number() const;
    [[nodiscard]] bool isPartition() const;

    // The disk of a partition; a disk itself.
    [[nodiscard]] BlockDevice disk() const;

    // In the order of their numbers.
    [[nodiscard]] std::vector<BlockDevice> partitions() const;

    // A file of the device's folder in /sys: "dm/name". Empty or 0 if it is missing or not a number.
    [[nodiscard]] std::string attribute(const char* name) const;
    [[nodiscard]] std::uint64_t numberAttribute(const char* name) const;

    // The devices that were stacked on it, such as device-mapper's and md's. Loop devices are not among them.
    [[nodiscard]] std::vector<BlockDevice> holders() const;

    // True if the device or one of its parents is hardware; false for virtual devices such as loop devices.
    [[nodiscard]] bool hasHardware() const;

private:
    struct Unref {
        void operator()(sd_device* device) const noexcept { sd_device_unref(device); }
    };
    explicit BlockDevice(sd_device* device) : device_(device, Unref()) {}

    template <typename Configure>
    static std::vector<BlockDevice> enumerate(Configure configure);

    std::shared_ptr<sd_device> device_;
};

// The kernel's number of the medium behind an open device or partition, which is never reused (diskseq);
// nullopt for other files, and before Linux 5.15.
[[nodiscard]] std::optional<std::uint64_t> mediumNumber(int fd);

} // namespace bootferry
