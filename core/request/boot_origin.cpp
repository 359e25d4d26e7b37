// SPDX-License-Identifier: LGPL-2.1-or-later
// A variable that survives a reboot was not set by the stub of this boot, whose variables are volatile: some
// system wrote it to the firmware, and it would name the server of all later boots.
#include "boot_origin.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

#include <spdlog/fmt/fmt.h>

#include "errors.h"
#include "files.h"
#include "url.h"

namespace bootferry {
namespace {

constexpr std::string_view prefix = "bootorigin:";
constexpr std::string_view variable = "LoaderDeviceURL";
constexpr std::string_view vendor = "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"; // of the Boot Loader Interface
constexpr std::size_t largestVariable = 16384;

struct Place {
    std::string_view argument;
    std::string_view before; // bootorigin:
};

constexpr Place places[] = {
    {"root", "live:"},
    {"rd.bootferry.checksum", ""},
};

// PATH of an argument's bootorigin:PATH.
std::optional<std::string_view> pathOf(const KernelArgument& argument, const Place& place) {
    if (!argument.is(place.argument) || !argument.value) {
        return std::nullopt;
    }
    std::string_view value = *argument.value;
    for (const auto part : {place.before, prefix}) {
        if (!value.starts_with(part)) {
            return std::nullopt;
        }
        value.remove_prefix(part.size());
    }
    return value;
}

Url originUrl(const BootOriginReader& read) {
    const auto text = read ? read() : std::nullopt;
    if (!text) {
        refuse(ErrorCode::Unsupported,
               "the URL that the firmware booted from is not known: it is the EFI variable LoaderDeviceURL, "
               "which "
               "systemd-stub 258 or newer sets in a UEFI HTTP boot; write the whole URL instead");
    }
    try {
        auto url = Url::parse(*text);
        if (url.scheme() != "http" && url.scheme() != "https") {
            refuse(ErrorCode::Unsupported,
                   fmt::format("the firmware booted over {}, not over http or https; write "
                               "the whole URL instead",
                               url.scheme()));
        }
        return url;
    } catch (Error& error) {
        error.addContext(fmt::format("the EFI variable {}", variable));
        throw;
    }
}

// RFC 3986, 5.2, of a path alone: what resolves "." and ".." is the client.
std::string resolved(const Url& origin, std::string_view path) {
    if (path.empty() || path.starts_with("//") || path.find("://") != std::string_view::npos) {
        refuse(ErrorCode::Invalid,
               "bootorigin: is followed by a path on the server that the machine booted from, "
               "such as live.iso or /images/live.iso");
    }
    std::string_view folder;
    if (!path.starts_with('/')) {
        folder = origin.path();
        folder = folder.substr(0, folder.find('?'));
        folder = folder.substr(0, folder.rfind('/') + 1); // empty without a '/'
        folder = folder.empty() ? std::string_view("/") : folder;
    }
    return fmt::format("{}://{}{}{}", origin.scheme(), origin.authority(), folder, path);
}

} // namespace

std::optional<std::string> readBootOrigin(const std::string& folder) {
    constexpr std::size_t attributesSize = 4;
    constexpr unsigned char nonVolatile = 1;
    const auto bytes = readSmallFile(fmt::format("{}/{}-{}", folder, variable, vendor), largestVariable);
    if (!bytes) {
        return std::nullopt;
    }
    const auto invalid = [](std::string_view why) {
        refuse(ErrorCode::Invalid, fmt::format("the EFI variable {} {}", variable, why));
    };
    if (bytes->size() <= attributesSize) {
        invalid("is empty");
    }
    if ((static_cast<unsigned char>(bytes->front()) & nonVolatile) != 0) {
        invalid("is stored in the firmware permanently, so it is not from this boot; remove it");
    }
    // UTF-16, little-endian, of which a URL has only ASCII.
    std::string text;
    for (std::size_t at = attributesSize; at + 1 < bytes->size(); at += 2) {
        const char low = (*bytes)[at];
        if (low == 0 && (*bytes)[at + 1] == 0) {
            break;
        }
        if ((*bytes)[at + 1] != 0 || low <= ' ' || low == '\x7f') {
            invalid("does not contain a URL");
        }
        text += low;
    }
    if (text.empty()) {
        invalid("is empty");
    }
    return text;
}

KernelCommandLine withBootOrigin(const KernelCommandLine& line, const BootOriginReader& read) {
    std::vector<KernelArgument> arguments = line.arguments();
    std::optional<Url> origin;
    for (auto& argument : arguments) {
        for (const auto& place : places) {
            const auto path = pathOf(argument, place);
            if (!path) {
                continue;
            }
            try {
                if (!origin) {
                    origin = originUrl(read);
                }
                argument.value = fmt::format("{}{}", place.before, resolved(*origin, *path));
            } catch (Error& error) {
                error.addContext(
                    fmt::format("{}={}{} on the kernel command line", place.argument, place.before, prefix));
                throw;
            }
        }
    }
    return KernelCommandLine(std::move(arguments));
}

bool asksForBootOrigin(const KernelCommandLine& line) {
    return std::any_of(line.arguments().begin(), line.arguments().end(), [](const KernelArgument& argument) {
        return std::any_of(std::begin(places), std::end(places),
                           [&](const Place& place) { return pathOf(argument, place).has_value(); });
    });
}

} // namespace bootferry
