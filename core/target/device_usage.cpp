// SPDX-License-Identifier: LGPL-2.1-or-later
// Mounts are read from PID 1's namespace, because the service may have its own. A mount is matched by its
// device number and by its source: btrfs has device numbers of its own.
#include "device_usage.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include <spdlog/fmt/fmt.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "errors.h"
#include "files.h"
#include "quantities.h"
#include "text.h"

namespace bootferry {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t mostNamed = 4;

std::string sysfs(const std::string& name) {
    return "/sys/class/block/" + name;
}

// Empty if unreadable: only root may read all of process 1, and a kernel may lack swap.
std::string whatMayBeRead(const std::string& path) {
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

std::string firstLine(const std::string& path) {
    const auto text = readSmallFile(path).value_or("");
    return text.substr(0, text.find('\n'));
}

std::vector<std::string> entries(const std::string& folder) {
    std::vector<std::string> names;
    std::error_code failure;
    for (const auto& entry : fs::directory_iterator(folder, failure)) {
        names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
}

// The device, its partitions, and, for a partition, its disk: a user of the disk uses the partition too.
std::vector<std::string> family(const std::string& name) {
    std::vector<std::string> names{name};
    for (const auto& entry : entries(sysfs(name))) {
        if (fs::exists(sysfs(name) + "/" + entry + "/partition")) {
            names.push_back(entry);
        }
    }
    if (fs::exists(sysfs(name) + "/partition")) {
        names.push_back(fs::canonical(sysfs(name)).parent_path().filename().string());
    }
    return names;
}

// mountinfo(5): the fields after the mount point end with a lone "-"; type and source follow.
std::vector<std::string> mountsOf(const std::string& name) {
    const auto mounts = whatMayBeRead("/proc/1/mountinfo");
    const auto number = firstLine(sysfs(name) + "/dev");
    std::vector<std::string> found;
    for (const auto line : linesOf(mounts)) {
        const auto fields = wordsOf(line);
        const auto dash = std::find(fields.begin(), fields.end(), "-");
        if (fields.end() - dash < 3 || dash - fields.begin() < 5) {
            continue;
        }
        if (fields[2] == number || dash[2] == "/dev/" + name) {
            found.push_back(fmt::format("'/dev/{}' is mounted at '{}'", name, fields[4]));
        }
    }
    return found;
}

std::vector<std::string> holdersOf(const std::string& name) {
    std::vector<std::string> found;
    for (const auto& holder : entries(sysfs(name) + "/holders")) {
        const auto mapped = firstLine(sysfs(holder) + "/dm/name");
        found.push_back(fmt::format("'{}'{} lies on '/dev/{}'", holder,
                                    mapped.empty() ? "" : fmt::format(" ({})", mapped), name));
    }
    for (const auto& loop : entries("/sys/block")) {
        if (firstLine("/sys/block/" + loop + "/loop/backing_file") == "/dev/" + name) {
            found.push_back(fmt::format("'{}' lies on '/dev/{}'", loop, name));
        }
    }
    return found;
}

std::vector<std::string> swapOn(const std::string& name) {
    const auto swaps = whatMayBeRead("/proc/swaps");
    for (const auto line : linesOf(swaps)) {
        if (line.starts_with("/dev/" + name + " ") || line.starts_with("/dev/" + name + "\t")) {
            return {fmt::format("'/dev/{}' is swapped to", name)};
        }
    }
    return {};
}

} // namespace

std::string kernelName(dev_t number) {
    std::error_code missing;
    const auto folder =
        fs::canonical(fmt::format("/sys/dev/block/{}:{}", major(number), minor(number)), missing);
    return missing ? std::string() : folder.filename().string();
}

std::string whatUses(dev_t number) {
    std::vector<std::string> uses;
    const auto device = kernelName(number);
    if (device.empty()) {
        return {};
    }
    for (const auto& name : family(device)) {
        for (const auto& some : {mountsOf(name), holdersOf(name), swapOn(name)}) {
            uses.insert(uses.end(), some.begin(), some.end());
        }
    }
    const auto shown = std::min(uses.size(), mostNamed);
    auto text =
        fmt::format("{}", fmt::join(uses.begin(), uses.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
    return shown < uses.size() ? text + fmt::format(" and {} more", uses.size() - shown) : text;
}

std::optional<dev_t> wholeDiskOf(dev_t number) {
    std::error_code missing;
    const auto folder = sysfs(kernelName(number));
    if (!fs::exists(folder + "/partition", missing)) {
        return std::nullopt;
    }
    const auto text = firstLine(fs::canonical(folder).parent_path() / "dev");
    unsigned high = 0;
    unsigned low = 0;
    if (std::sscanf(text.c_str(), "%u:%u", &high, &low) != 2) { // NOLINT(cert-err34-c): of sysfs
        return std::nullopt;
    }
    return makedev(high, low);
}

std::string listDisks() {
    std::vector<std::string> disks;
    std::error_code failure;
    for (const auto& entry : fs::directory_iterator("/sys/block", failure)) {
        const auto name = entry.path().filename().string();
        const bool device = fs::exists(entry.path() / "device", failure);
        const auto sectors =
            std::strtoull(readSmallFile(entry.path() / "size").value_or("0").c_str(), nullptr, 10);
        if (device && sectors > 0) {
            disks.push_back(fmt::format("/dev/{} ({})", name, formatSize(sectors * 512)));
        }
    }
    std::sort(disks.begin(), disks.end());
    return disks.empty() ? "none" : fmt::format("{}", fmt::join(disks, ", "));
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
