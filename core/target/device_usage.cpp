// SPDX-License-Identifier: LGPL-2.1-or-later
// Mounts are read from PID 1's namespace, because the service may have its own. A mount is matched by its
// device number and by its source: btrfs has device numbers of its own. What is behind a loop device is
// matched by its device number: the name in sysfs may be that of another file, in another mount namespace or
// before a rename.
#include "device_usage.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include <fcntl.h>
#include <linux/loop.h>
#include <spdlog/fmt/fmt.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "errors.h"
#include "files.h"
#include "handles.h"
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

std::optional<dev_t> numberOf(const std::string& folder) {
    const auto text = firstLine(folder + "/dev");
    std::string_view rest = text;
    const auto high = takeNumber<unsigned>(rest);
    if (!high || !rest.starts_with(':')) {
        return std::nullopt;
    }
    const auto low = parseNumber<unsigned>(rest.substr(1));
    return low ? std::optional(makedev(*high, *low)) : std::nullopt;
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
    const auto mounts = readIfPermitted("/proc/1/mountinfo");
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

// The number of the block device behind a loop device; 0 if a file is; nullopt if it cannot be opened or
// nothing is behind it.
std::optional<dev_t> deviceBehind(const std::string& loop) {
    const UniqueFd fd(::open(("/dev/" + loop).c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    loop_info64 status{};
    if (!fd || ::ioctl(fd.get(), LOOP_GET_STATUS64, &status) != 0) {
        return std::nullopt;
    }
    return status.lo_rdevice;
}

bool isOn(const std::string& loop, dev_t number, const std::string& name) {
    const auto shown = firstLine("/sys/block/" + loop + "/loop/backing_file");
    if (shown.empty()) { // not a loop device, or detached
        return false;
    }
    const auto behind = deviceBehind(loop);
    return behind ? *behind == number : shown == "/dev/" + name;
}

std::vector<std::string> holdersOf(const std::string& name) {
    std::vector<std::string> found;
    for (const auto& holder : entries(sysfs(name) + "/holders")) {
        const auto mapped = firstLine(sysfs(holder) + "/dm/name");
        found.push_back(fmt::format("'/dev/{}' is used by '{}'{}", name, holder,
                                    mapped.empty() ? "" : fmt::format(" ({})", mapped)));
    }
    const auto number = numberOf(sysfs(name));
    for (const auto& loop : entries("/sys/block")) {
        if (number && isOn(loop, *number, name)) {
            found.push_back(fmt::format("'/dev/{}' is used by '{}'", name, loop));
        }
    }
    return found;
}

std::vector<std::string> swapOn(const std::string& name) {
    const auto swaps = readIfPermitted("/proc/swaps");
    for (const auto line : linesOf(swaps)) {
        if (line.starts_with("/dev/" + name + " ") || line.starts_with("/dev/" + name + "\t")) {
            return {fmt::format("'/dev/{}' is used as swap space", name)};
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

std::string describeUsers(dev_t number) {
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
    return numberOf(fs::canonical(folder).parent_path());
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
