// SPDX-License-Identifier: LGPL-2.1-or-later
// rd.live.image counts only beside a root= that a live image can have: root=nfs:... and the like stay with
// the program that mounts them.
#include "boot_source.h"

#include <algorithm>
#include <array>
#include <iterator>

#include <spdlog/fmt/fmt.h>

#include "argument_values.h"
#include "errors.h"
#include "text.h"

namespace bootferry {
namespace {

constexpr std::string_view live = "live:";

struct Tag {
    std::string_view text;
    std::string_view folder; // of udev's links
    bool isLowerCase = false;
};

// udev writes the UUIDs of partitions in lower case.
constexpr Tag tags[] = {
    {"CDLABEL=", "/dev/disk/by-label/"},
    {"LABEL=", "/dev/disk/by-label/"},
    {"UUID=", "/dev/disk/by-uuid/"},
    {"PARTLABEL=", "/dev/disk/by-partlabel/"},
    {"PARTUUID=", "/dev/disk/by-partuuid/", true},
};

const Tag* tagOf(std::string_view source) {
    const auto* tag = std::find_if(std::begin(tags), std::end(tags),
                                   [&](const Tag& candidate) { return source.starts_with(candidate.text); });
    return tag == std::end(tags) ? nullptr : tag;
}

bool isHttpUrl(std::string_view value) {
    return value.starts_with("http://") || value.starts_with("https://");
}

bool hasLiveMark(const KernelCommandLine& line) {
    static constexpr std::array names{"rd.live.image", "liveimg"};
    return std::any_of(names.begin(), names.end(), [&](const char* name) {
        const auto* mark = line.find(name);
        return mark != nullptr && switchValue(*mark).value_or(false);
    });
}

bool canBeLive(std::string_view value) {
    return tagOf(value) != nullptr || value.starts_with("/dev/") ||
           value.find("://") != std::string_view::npos;
}

[[noreturn]] void unsupported(std::string_view what, std::string_view instead) {
    throw Error(ErrorCode::Unsupported,
                fmt::format("root=live: on the kernel command line is followed by {}; "
                            "bootferry does not support it: {}",
                            what, instead));
}

} // namespace

std::optional<std::string> liveSource(const KernelCommandLine& line) {
    const auto* root = line.find("root");
    if (root == nullptr || !root->value) {
        return std::nullopt;
    }
    const auto& value = *root->value;
    if (value.starts_with(live)) {
        return value.substr(live.size());
    }
    if (isHttpUrl(value) || (hasLiveMark(line) && canBeLive(value))) {
        return value;
    }
    return std::nullopt;
}

std::optional<LocalMedium> localMedium(std::string_view source) {
    if (const auto* tag = tagOf(source)) {
        const auto name = std::string(source.substr(tag->text.size()));
        if (name.empty()) {
            throw Error(ErrorCode::Invalid, fmt::format("root=live:{} does not name a medium", source));
        }
        // People copy labels from the names of udev's links, where they are encoded already.
        const bool encoded = name.find("\\x") != std::string::npos;
        const auto link = encoded ? name : udevEncoded(name);
        return LocalMedium{std::string(tag->folder) + (tag->isLowerCase ? lowered(link) : link)};
    }
    if (source.starts_with("/dev/")) {
        try {
            return LocalMedium{parseDeviceNode(source)};
        } catch (Error& error) {
            error.addContext(fmt::format("root=live:{}", source));
            throw;
        }
    }
    return std::nullopt;
}

std::optional<std::string> onDemandSource(const std::string& source) {
    constexpr std::string_view mark = "nbd:";
    // nbd://SERVER/ is a URL of a scheme that a plugin may serve.
    if (!source.starts_with(mark) || source.starts_with("nbd:/")) {
        return std::nullopt;
    }
    return source.substr(mark.size());
}

Url imageUrl(const std::string& source) {
    if (source.starts_with(':')) {
        throw Error(ErrorCode::Invalid,
                    "root=live:: on the kernel command line has one ':' too many; write root=live: "
                    "with one, followed by a URL or a medium");
    }
    if (source.starts_with("AOEINTERFACE=")) {
        unsupported("AOEINTERFACE=",
                    "a disk over Ethernet is named as live:/dev/etherd/... once it is there");
    }
    if (source.starts_with('/')) {
        unsupported("a file of the initrd", "name a URL, or a device as live:/dev/...");
    }
    const bool isNfs = source.starts_with("nfs");
    if (source.find("://") == std::string::npos && isNfs) {
        unsupported("an NFS path", "with a plugin that serves nfs it is written live:nfs://SERVER/PATH");
    }
    if (source.find("://") == std::string::npos) {
        throw Error(
            ErrorCode::Invalid,
            "root=live: on the kernel command line is followed by neither a URL nor a medium; expected "
            "live:http://SERVER/PATH, or live:CDLABEL=..., live:LABEL=..., live:UUID=..., "
            "live:PARTLABEL=..., live:PARTUUID=..., live:/dev/...");
    }
    try {
        return Url::parse(source);
    } catch (Error& error) {
        error.addContext("root=live: on the kernel command line");
        throw;
    }
}

} // namespace bootferry
