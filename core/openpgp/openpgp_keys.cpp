// SPDX-License-Identifier: LGPL-2.1-or-later
// A damaged file is an error: gpgv would stop at the first packet that it cannot read, and silently ignore
// the keys behind it.
#include "openpgp_keys.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <system_error>
#include <vector>

#include <spdlog/fmt/fmt.h>

#include "errors.h"
#include "files.h"
#include "text.h"

namespace bootferry {
namespace {

constexpr std::string_view blockBegin = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
constexpr std::string_view blockEnd = "-----END PGP PUBLIC KEY BLOCK-----";
constexpr unsigned publicKeyTag = 6;

[[noreturn]] void refuse(const std::string& name, std::string_view why) {
    throw Error(ErrorCode::Invalid, fmt::format("the keys in '{}': {}", name, why));
}

// RFC 4880, section 4.2.
std::optional<unsigned> tagOf(std::string_view packets) {
    const unsigned first = packets.empty() ? 0 : static_cast<unsigned char>(packets.front());
    if ((first & 0x80U) == 0) {
        return std::nullopt;
    }
    return (first & 0x40U) != 0 ? first & 0x3fU : (first >> 2U) & 0x0fU;
}

// The number of bytes, big-endian, in `count` of them; nullopt if there are fewer.
std::optional<std::size_t> numberIn(std::string_view bytes, std::size_t count) {
    if (bytes.size() < count) {
        return std::nullopt;
    }
    std::size_t number = 0;
    for (const char byte : bytes.substr(0, count)) {
        number = (number << 8U) | static_cast<unsigned char>(byte);
    }
    return number;
}

// Of the whole first packet; nullopt if it is cut, or has no length of its own, which keys always have.
std::optional<std::size_t> packetSize(std::string_view packets) {
    const auto sized = [&](std::size_t headerSize, std::optional<std::size_t> bodySize) {
        const bool isWhole =
            bodySize && *bodySize <= packets.size() && headerSize + *bodySize <= packets.size();
        return isWhole ? std::optional(headerSize + *bodySize) : std::nullopt;
    };
    const unsigned first = static_cast<unsigned char>(packets.front());
    if ((first & 0x40U) == 0) {
        const unsigned kind = first & 3U;
        const std::size_t count = std::size_t{1} << kind;
        return kind < 3 ? sized(1 + count, numberIn(packets.substr(1), count)) : std::nullopt;
    }
    const auto octet = numberIn(packets.substr(1), 1).value_or(224);
    if (octet < 192) {
        return sized(2, octet);
    }
    if (octet < 224) {
        const auto next = numberIn(packets.substr(2), 1);
        return next ? sized(3, ((octet - 192) << 8U) + *next + 192) : std::nullopt;
    }
    return octet == 255 ? sized(6, numberIn(packets.substr(2), 4)) : std::nullopt;
}

std::string requireKeys(std::string packets, const std::string& name) {
    constexpr unsigned secretKeyTag = 5;
    constexpr unsigned secretSubkeyTag = 7;
    if (tagOf(packets) != publicKeyTag) {
        refuse(name, "they do not begin with a public key; write them with gpg --export");
    }
    for (std::string_view rest = packets; !rest.empty();) {
        const auto tag = tagOf(rest).value_or(0);
        const auto size = tag != 0 ? packetSize(rest) : std::nullopt;
        if (!size) {
            refuse(name, "they are cut or damaged; write them with gpg --export");
        }
        if (tag == secretKeyTag || tag == secretSubkeyTag) {
            refuse(name, "there is a secret key among them; write them with gpg --export");
        }
        rest.remove_prefix(*size);
    }
    return packets;
}

std::optional<unsigned> valueOf(char digit) {
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const auto place = digits.find(digit);
    return place != std::string_view::npos ? std::optional(static_cast<unsigned>(place)) : std::nullopt;
}

// Base 64, at most two '=' at its end.
std::string decoded(std::string_view text, const std::string& name) {
    const auto padding = text.size() - std::min(text.find_last_not_of('=') + 1, text.size());
    if (text.size() % 4 != 0 || padding > 2) {
        refuse(name, "the armoured text is cut or damaged");
    }
    std::string bytes;
    std::uint32_t bits = 0;
    unsigned count = 0;
    for (const char digit : text.substr(0, text.size() - padding)) {
        const auto value = valueOf(digit);
        if (!value) {
            refuse(name, "the armoured text is damaged");
        }
        bits = (bits << 6U) | *value;
        count += 6;
        if (count >= 8) {
            count -= 8;
            bytes += static_cast<char>((bits >> count) & 0xffU);
        }
    }
    return bytes;
}

// Lines before the first empty one are headers; a line that begins with '=' is a checksum.
std::string dearmoured(std::string_view text, const std::string& name) {
    enum class Part { Outside, Headers, Body } part = Part::Outside;
    std::string keys;
    std::string body;
    for (const auto untrimmed : linesOf(text)) {
        const auto line = trimmed(untrimmed);
        if (part == Part::Outside) {
            part = line == blockBegin ? Part::Headers : Part::Outside;
        } else if (line == blockEnd) {
            keys += requireKeys(decoded(body, name), name);
            body.clear();
            part = Part::Outside;
        } else if (part == Part::Headers) {
            part = line.empty() ? Part::Body : Part::Headers;
        } else if (!line.starts_with('=')) {
            body += line;
        }
    }
    if (part != Part::Outside) {
        refuse(name, "the armoured text is cut");
    }
    if (keys.empty()) {
        refuse(name, "they are not OpenPGP keys; write them with gpg --export");
    }
    return keys;
}

} // namespace

std::string binaryKeys(std::string_view text, const std::string& name) {
    constexpr std::size_t keyboxMagicAt = 8;
    if (text.substr(std::min(keyboxMagicAt, text.size())).starts_with("KBXf")) {
        refuse(name, "it is a keybox of GnuPG; write the keys with gpg --export");
    }
    return tagOf(text) ? requireKeys(std::string(text), name) : dearmoured(text, name);
}

std::string keysFromFile(const std::string& path) {
    const auto text = readSmallFile(path);
    if (!text) {
        throw Error(ErrorCode::NotFound, fmt::format("the keys in '{}': there is no such file", path));
    }
    return binaryKeys(*text, path);
}

std::string keysFromFolder(const std::string& folder) {
    std::vector<std::string> paths;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        const auto extension = entry.path().extension();
        if (extension == ".gpg" || extension == ".asc") {
            paths.push_back(entry.path());
        }
    }
    if (error && error != std::errc::no_such_file_or_directory) {
        throw Error(ErrorCode::Io, error.value(), fmt::format("reading the folder '{}'", folder));
    }
    std::sort(paths.begin(), paths.end());
    std::string keys;
    for (const auto& path : paths) {
        keys += keysFromFile(path);
    }
    return keys;
}

} // namespace bootferry
