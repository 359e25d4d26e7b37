// SPDX-License-Identifier: LGPL-2.1-or-later
// Strict on purpose: "2G" for a size in KiB or "5 m" for a time is a mistake, and an error on the console is
// better than a guess.
#include "argument_values.h"

#include <algorithm>
#include <cctype>

#include <spdlog/fmt/fmt.h>

#include "errors.h"
#include "plain_text.h"
#include "text.h"

namespace bootferry {
namespace {

bool isPlain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool holdsControl(std::string_view text) {
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

constexpr std::uint64_t largestTmpfs = (std::uint64_t{1} << 63U) - (std::uint64_t{1} << 20U);

// Of the units of tmpfs(5): k, m, g or none.
unsigned shiftOf(std::string_view unit) {
    constexpr std::string_view units = "kmg";
    const auto place = unit.empty() ? std::string_view::npos : units.find(static_cast<char>(unit[0] | 0x20));
    return place == std::string_view::npos ? 0 : 10 * (static_cast<unsigned>(place) + 1);
}

// Long enough for a path, and short enough for a line of a console.
constexpr std::size_t longestShown = 200;

[[noreturn]] void refuseValue(std::string_view text, std::string_view expected) {
    const bool isLong = text.size() > longestShown;
    throw Error(ErrorCode::Invalid,
                fmt::format("expected {}, not '{}{}'", expected, escapedText(text.substr(0, longestShown)),
                            isLong ? "..." : ""));
}

void refuseParentSteps(std::string_view path) {
    std::size_t begin = 0;
    while (begin <= path.size()) {
        const auto end = std::min(path.find('/', begin), path.size());
        if (path.substr(begin, end - begin) == "..") {
            refuse(ErrorCode::Invalid,
                   fmt::format("a path with '..' in it is not accepted: '{}'", escapedText(path)));
        }
        begin = end + 1;
    }
}

} // namespace

std::uint64_t parseKibibytes(std::string_view text) {
    const auto number = parseNumber<std::uint64_t>(text);
    if (!number || *number == 0 || *number > (UINT64_MAX >> 1U) / 1024) {
        refuseValue(text, "a size in KiB, such as 2097152 for 2 GiB");
    }
    return *number * 1024;
}

std::uint64_t parseMebibytes(std::string_view text) {
    constexpr std::uint64_t most = 1048576;
    const auto number = parseNumber<std::uint64_t>(text);
    if (!number || *number == 0 || *number > most) {
        refuseValue(text, "a size in MiB without a unit, such as 2048 for 2 GiB");
    }
    return *number;
}

std::uint64_t parseByteCount(std::string_view text) {
    const auto number = parseNumber<std::uint64_t>(text);
    if (!number || *number == 0 || *number > UINT64_MAX >> 1U) {
        refuseValue(text, "a number of bytes without a unit, such as 2147483648 for 2 GiB");
    }
    return *number;
}

namespace {

constexpr const char* timeFormat = "a time from 1 s to 30 days, such as 30, 30s, 2min or 1h";

std::optional<std::chrono::seconds> readSeconds(std::string_view text) {
    constexpr std::uint64_t longest = 30ULL * 24 * 3600;
    auto unit = text;
    const auto number = takeNumber<std::uint64_t>(unit);
    std::uint64_t factor = 0;
    if (unit.empty() || unit == "s" || unit == "sec") {
        factor = 1;
    } else if (unit == "min" || unit == "m") {
        factor = 60;
    } else if (unit == "h") {
        factor = 3600;
    }
    if (!number || *number == 0 || factor == 0 || *number > longest / factor) {
        return std::nullopt;
    }
    return std::chrono::seconds(*number * factor);
}

} // namespace

std::chrono::seconds parseSeconds(std::string_view text) {
    const auto time = readSeconds(text);
    if (!time) {
        refuseValue(text, timeFormat);
    }
    return *time;
}

std::optional<std::chrono::seconds> parseTimeLimit(std::string_view text) {
    auto unit = text;
    if (takeNumber<std::uint64_t>(unit) == 0U && (unit.empty() || unit == "s")) {
        return std::nullopt;
    }
    const auto time = readSeconds(text);
    if (!time) {
        refuseValue(text, fmt::format("0 for never, or {}", timeFormat));
    }
    return time;
}

// As curl's --limit-rate: a number of bytes, or of KiB, MiB or GiB.
std::optional<std::uint64_t> parseRate(std::string_view text) {
    auto unit = text;
    const auto number = takeNumber<std::uint64_t>(unit);
    const auto shift = shiftOf(unit);
    const bool known = unit.empty() || (unit.size() == 1 && shift > 0);
    if (!number || !known || *number > (UINT64_MAX >> 1U) >> shift) {
        refuseValue(text, "bytes per second, such as 200000, 500K, 10M or 1G");
    }
    return *number > 0 ? std::optional(*number << shift) : std::nullopt;
}

unsigned parseConnections(std::string_view text) {
    const auto number = parseNumber<std::uint64_t>(text);
    if (!number || *number == 0 || *number > mostConnections) {
        refuseValue(text, fmt::format("a number of connections, 1 to {}", mostConnections));
    }
    return static_cast<unsigned>(*number);
}

// A number without a unit is bytes in tmpfs(5) and KIWI, and MiB in dracut. Only one of the two can be meant:
// MiB up to 1 TiB, bytes from 64 MiB on. What is neither is refused, as are units that make the root too
// small to start.
std::string parseTmpfsSize(std::string_view text) {
    constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20U;
    constexpr std::uint64_t mebibytesEnd = mebibyte; // 1 TiB
    constexpr std::uint64_t bytesBegin = 64 * mebibyte;
    auto unit = text;
    const auto number = takeNumber<std::uint64_t>(unit);
    const auto shift = shiftOf(unit);
    const bool percent = unit == "%";
    const bool size = unit.empty() || (unit.size() == 1 && shift > 0);
    if (!number || *number == 0 || (!percent && !size) || (percent && *number > 100)) {
        refuseValue(text, "a share of the memory such as 50%, or a size such as 512m or 2g");
    }
    if (unit.empty() && *number < mebibytesEnd) {
        return fmt::format("{}m", *number);
    }
    if (unit.empty() && *number < bytesBegin) {
        refuseValue(text, "a unit: as MiB the number is too large, as bytes it is too small; 2g is 2 GiB");
    }
    // The kernel multiplies and rounds up to pages in 64 bits, and takes what has become 0 for no limit.
    if (!percent && *number > (largestTmpfs >> shift)) {
        refuseValue(text, "a size below 8 EiB");
    }
    if (!percent && (*number << shift) < mebibyte) {
        refuseValue(text, "a size of 1 MiB or more");
    }
    return std::string(text);
}

std::string parseCowFilesystem(std::string_view text) {
    if (text != "ext4" && text != "xfs" && text != "btrfs") {
        refuseValue(text, "ext4, xfs or btrfs");
    }
    return std::string(text);
}

std::string parseDeviceNode(std::string_view text) {
    if (!text.starts_with("/dev/") || text.size() == 5 || holdsControl(text)) {
        refuseValue(text, "a device node, such as /dev/ram0, /dev/sda or /dev/disk/by-id/...");
    }
    refuseParentSteps(text);
    return std::string(text);
}

// pxelinux puts the hardware type before the address, with dashes: "01-52-54-00-12-34-56".
std::string parseBootInterface(std::string_view text) {
    constexpr std::size_t plain = 17;
    constexpr std::size_t withType = 20;
    auto address = std::string(text.size() == withType ? text.substr(3) : text);
    bool right = address.size() == plain;
    for (std::size_t i = 0; right && i < plain; ++i) {
        auto& c = address[i];
        if (i % 3 == 2) {
            right = c == '-' || c == ':';
            c = ':';
        } else {
            right = std::isxdigit(static_cast<unsigned char>(c)) != 0;
        }
    }
    if (!right) {
        throw Error(
            ErrorCode::Invalid,
            fmt::format("'{}' is not a hardware address; expected 01-52-54-00-12-34-56 or 52:54:00:12:34:56",
                        text));
    }
    return lowered(address);
}

std::string parseRelativePath(std::string_view text) {
    while (text.starts_with('/')) {
        text.remove_prefix(1);
    }
    while (text.ends_with('/')) {
        text.remove_suffix(1);
    }
    if (holdsControl(text)) {
        refuseValue(text, "a path without control characters");
    }
    refuseParentSteps(text);
    return std::string(text);
}

std::string parseMountOptions(std::string_view text) {
    if (holdsControl(text)) {
        refuseValue(text, "mount options without control characters");
    }
    return std::string(text);
}

std::string parseChecksum(std::string_view text) {
    constexpr std::size_t sha256Digits = 64;
    constexpr std::size_t sha512Digits = 128;
    const auto colon = text.find(':');
    const bool bare = colon == std::string_view::npos;
    const auto name = !bare                         ? lowered(text.substr(0, colon))
                      : text.size() == sha256Digits ? "sha256"
                      : text.size() == sha512Digits ? "sha512"
                                                    : "";
    const auto hex = lowered(bare ? text : text.substr(colon + 1));
    const bool isHex = hex.find_first_not_of("0123456789abcdef") == std::string::npos;
    constexpr std::size_t leastDigits = 32; // of MD5: a shorter word is no digest that lacks a digit
    if (bare && name.empty() && isHex && hex.size() >= leastDigits) {
        refuse(
            ErrorCode::Invalid,
            fmt::format("a sha256 checksum has {} hexadecimal digits, a sha512 checksum {}, and this one {}",
                        sha256Digits, sha512Digits, hex.size()));
    }
    const std::size_t digits = name == "sha256" ? sha256Digits : name == "sha512" ? sha512Digits : 0;
    if (digits == 0) {
        refuseValue(text,
                    "sha256:HEX (64 digits), sha512:HEX (128 digits), the digits alone, or the URL of a "
                    "checksum list (http://HOST/SHA256SUMS)");
    }
    if (hex.size() != digits || !isHex) {
        refuse(ErrorCode::Invalid,
               fmt::format("a {} checksum has {} hexadecimal digits, this one has {} characters", name,
                           digits, hex.size()));
    }
    return fmt::format("{}:{}", name, hex);
}

void setChecksum(TransferRequest& request, std::string_view text) {
    request.checksum.reset();
    request.checksumUrl.reset();
    if (text.find("://") == std::string_view::npos) {
        request.checksum = parseChecksum(text);
        return;
    }
    request.checksumUrl = Url::parse(text);
    if (request.checksumUrl->userinfo()) {
        refuse(ErrorCode::Invalid, "the URL of a checksum list cannot have a user name or password; the "
                                   "image's are used if the server is the same");
    }
}

PluginOption parsePluginOption(std::string_view text) {
    const auto colon = text.find(':');
    const auto plugin = text.substr(0, colon);
    const bool named =
        !plugin.empty() && colon != std::string_view::npos &&
        std::all_of(plugin.begin(), plugin.end(), [](char c) { return isPlain(c) || c == '-' || c == '_'; });
    const auto assignment = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
    const auto equals = assignment.find('=');
    const auto key = assignment.substr(0, equals);
    const auto value = equals == std::string_view::npos ? std::string_view() : assignment.substr(equals + 1);
    const bool keyed = !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
        return isPlain(c) || c == '-' || c == '_' || c == '.';
    });
    if (!named || !keyed || holdsControl(value)) {
        // The message does not quote the text, which may contain a password.
        refuse(ErrorCode::Invalid, "expected PLUGIN:KEY=VALUE, such as curl:cacert=/etc/ca.pem");
    }
    return {std::string(plugin), std::string(key), std::string(value)};
}

std::string udevEncoded(std::string_view text) {
    std::string encoded;
    for (const char c : text) {
        const bool kept = isPlain(c) || static_cast<unsigned char>(c) >= 0x80 ||
                          std::string_view("#+-.:=@_").find(c) != std::string_view::npos;
        encoded += kept ? std::string(1, c) : fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
    return encoded;
}

} // namespace bootferry
