// SPDX-License-Identifier: LGPL-2.1-or-later
// Mounts are read from PID 1's namespace, because the service may have its own. A mount is matched by its
// device number and by its source, since btrfs has device numbers of its own. The backing device of a loop
// device is matched by its number, since the name in sysfs may belong to another file, in another mount
// namespace or after a rename.
#include "device_usage.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <vector>

#include <fcntl.h>
#include <linux/loop.h>
#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h> // fmt::join() since fmt 11
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "block_device.h"
#include "errors.h"
#include "files.h"
#include "handles.h"
#include "nearest_name.h"
#include "quantities.h"
#include "text.h"

namespace bootferry {
namespace {

constexpr std::size_t mostNamed = 4;

// Empty if unreadable: only root may read all of process 1, and a kernel may lack swap.
std::string readIfPermitted(const std::string& path) {
    constexpr std::size_t cap = 16U << 20U;
    try {
        return readSmallFile(path, cap).value_or("");
    } catch (const Error& error) {
        if (error.code() == ErrorCode::TooLarge) {
            throw;
        }
        return {};
    }
}

// The device, its partitions, and, for a partition, its disk: a user of the disk uses the partition too.
std::vector<BlockDevice> family(const BlockDevice& device) {
    auto devices = device.partitions();
    devices.insert(devices.begin(), device);
    if (device.isPartition()) {
        devices.push_back(device.disk());
    }
    return devices;
}

// mountinfo(5): the fields after the mount point end with a lone "-"; type and source follow.
std::vector<std::string> mountsOf(const BlockDevice& device) {
    const auto mounts = readIfPermitted("/proc/1/mountinfo");
    const auto number = fmt::format("{}:{}", major(device.number()), minor(device.number()));
    std::vector<std::string> found;
    for (const auto line : linesOf(mounts)) {
        const auto fields = wordsOf(line);
        const auto dash = std::find(fields.begin(), fields.end(), "-");
        if (fields.end() - dash < 3 || dash - fields.begin() < 5) {
            continue;
        }
        if (fields[2] == number || dash[2] == device.node()) {
            found.push_back(fmt::format("'{}' is mounted at '{}'", device.node(), fields[4]));
        }
    }
    return found;
}

// The number of the block device behind a loop device; 0 if a file is behind it; nullopt if the loop device
// cannot be opened or is not attached.
std::optional<dev_t> deviceBehind(const BlockDevice& loop) {
    const UniqueFd fd(::open(loop.node().c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    loop_info64 status{};
    if (!fd || ::ioctl(fd.get(), LOOP_GET_STATUS64, &status) != 0) {
        return std::nullopt;
    }
    return status.lo_rdevice;
}

bool isBehind(const BlockDevice& loop, const BlockDevice& device) {
    const auto shown = loop.attribute("loop/backing_file");
    if (shown.empty()) { // not a loop device, or detached
        return false;
    }
    const auto behind = deviceBehind(loop);
    return behind ? *behind == device.number() : shown == device.node();
}

std::vector<std::string> holdersOf(const BlockDevice& device) {
    std::vector<std::string> found;
    for (const auto& holder : device.holders()) {
        const auto mapped = holder.attribute("dm/name");
        found.push_back(fmt::format("'{}' is used by '{}'{}", device.node(), holder.name(),
                                    mapped.empty() ? "" : fmt::format(" ({})", mapped)));
    }
    for (const auto& loop : BlockDevice::disks()) {
        if (isBehind(loop, device)) {
            found.push_back(fmt::format("'{}' is used by '{}'", device.node(), loop.name()));
        }
    }
    return found;
}

std::vector<std::string> swapOn(const BlockDevice& device) {
    const auto swaps = readIfPermitted("/proc/swaps");
    for (const auto line : linesOf(swaps)) {
        if (const auto words = wordsOf(line); !words.empty() && words.front() == device.node()) {
            return {fmt::format("'{}' is used as swap space", device.node())};
        }
    }
    return {};
}

} // namespace

std::string describeUsers(dev_t number) {
    std::vector<std::string> uses;
    const auto device = BlockDevice::of(number);
    if (!device) {
        return {};
    }
    for (const auto& member : family(*device)) {
        for (const auto& some : {mountsOf(member), holdersOf(member), swapOn(member)}) {
            uses.insert(uses.end(), some.begin(), some.end());
        }
    }
    const auto shown = std::min(uses.size(), mostNamed);
    auto text =
        fmt::format("{}", fmt::join(uses.begin(), uses.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
    return shown < uses.size() ? text + fmt::format(" and {} more", uses.size() - shown) : text;
}

std::string listDisks() {
    std::vector<std::string> disks;
    for (const auto& disk : BlockDevice::disks()) {
        const auto sectors = disk.numberAttribute("size"); // always 512 bytes each
        if (disk.hasHardware() && sectors > 0) {
            disks.push_back(fmt::format("{} ({})", disk.node(), formatSize(sectors * 512)));
        }
    }
    return disks.empty() ? "none" : fmt::format("{}", fmt::join(disks, ", "));
}

std::string nearestDevice(const std::string& path) {
    const std::filesystem::path wanted(path);
    std::vector<std::string> names;
    std::error_code error;
    std::filesystem::directory_iterator entry(wanted.parent_path(), error);
    for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
        std::error_code gone;
        if (entry->is_block_file(gone)) {
            names.push_back(entry->path().filename().string());
        }
    }
    std::sort(names.begin(), names.end()); // the folder has no order
    const std::vector<std::string_view> known(names.begin(), names.end());
    const auto nearest = nearestName(wanted.filename().string(), known);
    return nearest.empty() ? "" : (wanted.parent_path() / nearest).string();
}

// As `udevadm settle` does: systemd's own test for an empty queue. Bounded, because udev may be busy with
// unrelated devices.
void settleUdev() noexcept {
    constexpr int attempts = 100;
    constexpr timespec pause{.tv_sec = 0, .tv_nsec = 50'000'000};
    for (int attempt = 0; attempt < attempts && ::access("/run/udev/queue", F_OK) == 0; ++attempt) {
        (void)::nanosleep(&pause, nullptr);
    }
}

} // namespace bootferry
