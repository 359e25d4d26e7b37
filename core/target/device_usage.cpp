// SPDX-License-Identifier: LGPL-2.1-or-later
// Mounts are looked up where PID 1 sees them, because the service may have a mount namespace of its own. A
// mount is told by its device number and by its source: btrfs has a number of its own.
#include "device_usage.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include <spdlog/fmt/fmt.h>

#include "errors.h"
#include "files.h"
#include "text.h"

namespace bootferry {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t mostNamed = 4;

std::string nodeName(const std::string& device) {
    std::error_code missing;
    const auto node = fs::canonical(device, missing);
    return (missing ? fs::path(device) : node).filename().string();
}

std::string sysfs(const std::string& name) {
    return "/sys/class/block/" + name;
}

// Of process 1 only root may read everything; and a kernel may be without swap.
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

// The device, its partitions, and, of a partition, the disk: whoever has that has the partition as well.
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

// mountinfo(5): the fields after the mount point end with a lone "-", then come type and source.
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

std::string whatUses(const std::string& device) {
    std::vector<std::string> uses;
    for (const auto& name : family(nodeName(device))) {
        for (const auto& some : {mountsOf(name), holdersOf(name), swapOn(name)}) {
            uses.insert(uses.end(), some.begin(), some.end());
        }
    }
    const auto shown = std::min(uses.size(), mostNamed);
    auto text =
        fmt::format("{}", fmt::join(uses.begin(), uses.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
    return shown < uses.size() ? text + fmt::format(" and {} more", uses.size() - shown) : text;
}

} // namespace bootferry
