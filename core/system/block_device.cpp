// SPDX-License-Identifier: LGPL-2.1-or-later
// sd-device caches what it has read, so every call of of() makes a new object. sd-device has no function for
// holders: they are read from a folder in /sys.
#include "block_device.h"

#include <algorithm>
#include <filesystem>

#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "errors.h"
#include "text.h"

#ifndef BLKGETDISKSEQ // Linux 5.15
#define BLKGETDISKSEQ _IOR(0x12, 128, __u64)
#endif

namespace bootferry {
namespace {

struct EnumeratorUnref {
    void operator()(sd_device_enumerator* enumerator) const noexcept {
        sd_device_enumerator_unref(enumerator);
    }
};
using Enumerator = std::unique_ptr<sd_device_enumerator, EnumeratorUnref>;

// Reads a text of the device; empty if it has none.
template <typename Call>
std::string textOf(Call call) {
    const char* text = nullptr;
    return call(&text) >= 0 && text != nullptr ? text : "";
}

} // namespace

std::optional<BlockDevice> BlockDevice::of(dev_t number) {
    sd_device* device = nullptr;
    if (sd_device_new_from_devnum(&device, 'b', number) < 0) {
        return std::nullopt;
    }
    return BlockDevice(device);
}

std::optional<BlockDevice> BlockDevice::at(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) < 0 || !S_ISBLK(status.st_mode)) {
        return std::nullopt;
    }
    return of(status.st_rdev);
}

std::optional<BlockDevice> BlockDevice::named(const std::string& name) {
    sd_device* device = nullptr;
    if (sd_device_new_from_subsystem_sysname(&device, "block", name.c_str()) < 0) {
        return std::nullopt;
    }
    return BlockDevice(device);
}

template <typename Configure>
std::vector<BlockDevice> BlockDevice::enumerate(Configure configure) {
    constexpr const char* what = "listing block devices";
    sd_device_enumerator* raw = nullptr;
    checkSd(sd_device_enumerator_new(&raw), what);
    const Enumerator enumerator(raw);
    // Include devices that udev has not processed: an initrd may have no udev, and new devices exist before
    // udev processes them.
    checkSd(sd_device_enumerator_allow_uninitialized(raw), what);
    checkSd(sd_device_enumerator_add_match_subsystem(raw, "block", 1), what);
    checkSd(configure(raw), what);
    std::vector<BlockDevice> found;
    for (auto* device = sd_device_enumerator_get_device_first(raw); device != nullptr;
         device = sd_device_enumerator_get_device_next(raw)) {
        found.push_back(BlockDevice(sd_device_ref(device)));
    }
    return found;
}

std::vector<BlockDevice> BlockDevice::disks() {
    auto found = enumerate([](sd_device_enumerator* enumerator) {
        return sd_device_enumerator_add_match_property(enumerator, "DEVTYPE", "disk");
    });
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.name() < b.name(); });
    return found;
}

std::string BlockDevice::name() const {
    return textOf([&](const char** text) { return sd_device_get_sysname(device_.get(), text); });
}

std::string BlockDevice::node() const {
    return textOf([&](const char** text) { return sd_device_get_devname(device_.get(), text); });
}

dev_t BlockDevice::number() const {
    dev_t number = 0;
    checkSd(sd_device_get_devnum(device_.get(), &number), "reading a device's number");
    return number;
}

bool BlockDevice::isPartition() const {
    return textOf([&](const char** text) { return sd_device_get_devtype(device_.get(), text); }) ==
           "partition";
}

BlockDevice BlockDevice::disk() const {
    sd_device* parent = nullptr; // borrowed
    if (!isPartition() ||
        sd_device_get_parent_with_subsystem_devtype(device_.get(), "block", "disk", &parent) < 0) {
        return *this;
    }
    return BlockDevice(sd_device_ref(parent));
}

std::vector<BlockDevice> BlockDevice::partitions() const {
    auto found = enumerate([&](sd_device_enumerator* enumerator) {
        return sd_device_enumerator_add_match_parent(enumerator, device_.get());
    });
    std::erase_if(found, [](const auto& device) { return !device.isPartition(); });
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
        return a.numberAttribute("partition") < b.numberAttribute("partition");
    });
    return found;
}

std::string BlockDevice::attribute(const char* name) const {
    return textOf([&](const char** text) { return sd_device_get_sysattr_value(device_.get(), name, text); });
}

std::uint64_t BlockDevice::numberAttribute(const char* name) const {
    return parseNumber<std::uint64_t>(attribute(name)).value_or(0);
}

std::vector<BlockDevice> BlockDevice::holders() const {
    std::vector<BlockDevice> found;
    const auto folder =
        textOf([&](const char** text) { return sd_device_get_syspath(device_.get(), text); }) + "/holders";
    std::error_code failure;
    for (const auto& entry : std::filesystem::directory_iterator(folder, failure)) {
        if (auto holder = named(entry.path().filename().string())) {
            found.push_back(std::move(*holder));
        }
    }
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.name() < b.name(); });
    return found;
}

bool BlockDevice::hasHardware() const {
    sd_device* parent = nullptr; // borrowed
    return sd_device_get_parent(device_.get(), &parent) >= 0;
}

std::optional<std::uint64_t> mediumNumber(int fd) {
    std::uint64_t number = 0;
    return ::ioctl(fd, BLKGETDISKSEQ, &number) == 0 ? std::optional(number) : std::nullopt;
}

} // namespace bootferry
