// SPDX-License-Identifier: LGPL-2.1-or-later
// The formats are those of coreutils, src/digest.c, split_3() and bsd_split_3(). As in sha256sum, lines in
// neither format (comments, the armour of a signature) are skipped; a file with no other lines is not a list.
#include "checksum_list.h"

#include <algorithm>
#include <optional>
#include <vector>

#include <spdlog/fmt/fmt.h>

#include "errors.h"
#include "text.h"

namespace bootferry {
namespace {

constexpr std::size_t sha256Digits = 64;
constexpr std::size_t sha512Digits = 128;

struct Entry {
    std::string name;
    std::string hex;
};

bool isHexDigit(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// MD5 has 32 digits; anything shorter is a word that happens to be hexadecimal.
bool isDigest(std::string_view text) {
    return text.size() >= 32 && text.size() % 2 == 0 && std::all_of(text.begin(), text.end(), isHexDigit);
}

std::string unescaped(std::string_view name) {
    std::string plain;
    for (std::size_t i = 0; i < name.size(); ++i) {
        if (name[i] == '\\' && i + 1 < name.size()) {
            const char c = name[++i];
            plain += c == 'n' ? '\n' : c == 'r' ? '\r' : c;
        } else {
            plain += name[i];
        }
    }
    return plain;
}

// "HEX  name", "HEX *name"
std::optional<Entry> parseGnuLine(std::string_view line) {
    const auto space = line.find(' ');
    if (space == std::string_view::npos || space + 2 >= line.size() ||
        (line[space + 1] != ' ' && line[space + 1] != '*') || !isDigest(line.substr(0, space))) {
        return std::nullopt;
    }
    return Entry{.name = std::string(line.substr(space + 2)), .hex = lowered(line.substr(0, space))};
}

// "SHA256 (name) = HEX". The name may contain " (" and ") = ", so its end is searched from the back.
std::optional<Entry> parseBsdLine(std::string_view line) {
    constexpr std::string_view open = " (";
    constexpr std::string_view close = ") = ";
    const auto begin = line.find(open);
    const auto end = line.rfind(close);
    if (begin == std::string_view::npos || end == std::string_view::npos || end < begin + open.size()) {
        return std::nullopt;
    }
    const auto name = line.substr(begin + open.size(), end - begin - open.size());
    const auto hex = line.substr(end + close.size());
    if (name.empty() || !isDigest(hex)) {
        return std::nullopt;
    }
    return Entry{.name = std::string(name), .hex = lowered(hex)};
}

std::optional<Entry> parseLine(std::string_view line) {
    if (line.ends_with('\r')) {
        line.remove_suffix(1);
    }
    const bool isEscaped = line.starts_with('\\');
    line.remove_prefix(isEscaped ? 1 : 0);
    auto entry = parseGnuLine(line);
    if (!entry) {
        entry = parseBsdLine(line);
    }
    if (entry && isEscaped) {
        entry->name = unescaped(entry->name);
    }
    return entry;
}

std::vector<Entry> parseList(std::string_view list) {
    std::vector<Entry> entries;
    for (const auto line : linesOf(list)) {
        if (auto entry = parseLine(line)) {
            entries.push_back(std::move(*entry));
        }
    }
    return entries;
}

std::string_view lastPart(std::string_view path) {
    return path.substr(path.rfind('/') + 1);
}

// "./images/live.iso" at the end of "/pub/images/live.iso", whole folders only.
bool isEndOf(std::string_view name, std::string_view path) {
    while (name.starts_with("./")) {
        name.remove_prefix(2);
    }
    return path.ends_with(name) && (path.size() == name.size() || name.starts_with('/') ||
                                    path[path.size() - name.size() - 1] == '/');
}

[[noreturn]] void refuseList(std::string_view list) {
    if (list.find_first_not_of(" \t\r\n") == std::string_view::npos) {
        throw Error(ErrorCode::Invalid, "it is empty, not a list of checksums");
    }
    const bool html = list.substr(list.find_first_not_of(" \t\r\n")).starts_with('<');
    throw Error(ErrorCode::Invalid,
                fmt::format("it is {}not a list of checksums as sha256sum writes it: check the URL",
                            html ? "an HTML page, " : ""));
}

std::string withAlgorithm(const std::string& hex, std::string_view name) {
    if (hex.size() != sha256Digits && hex.size() != sha512Digits) {
        throw Error(ErrorCode::Invalid,
                    fmt::format("its checksum for '{}' has {} digits: give the URL of a list "
                                "with sha256 (64 digits) or sha512 (128)",
                                name, hex.size()));
    }
    return (hex.size() == sha256Digits ? "sha256:" : "sha512:") + hex;
}

// A list may hold several algorithms: sha512 is preferred to sha256, and either to an unsupported one.
std::string bestOf(std::vector<Entry> entries, std::string_view name) {
    const auto usable = [](const Entry& entry) {
        return entry.hex.size() == sha256Digits || entry.hex.size() == sha512Digits ? entry.hex.size() : 0;
    };
    std::stable_sort(entries.begin(), entries.end(),
                     [&](const Entry& left, const Entry& right) { return usable(left) > usable(right); });
    const auto& best = entries.front();
    if (std::any_of(entries.begin(), entries.end(), [&](const Entry& other) {
            return other.hex.size() == best.hex.size() && other.hex != best.hex;
        })) {
        throw Error(ErrorCode::Invalid,
                    fmt::format("it has different checksums for '{}': write the right one "
                                "instead, as sha256:HEX",
                                name));
    }
    return best.hex;
}

} // namespace

std::string findChecksum(std::string_view list, const Url& image) {
    const auto path = image.decodedPath();
    const auto name = lastPart(path);
    if (name.empty()) {
        throw Error(ErrorCode::Invalid,
                    "the image's URL has no file name to look for in a list of checksums: "
                    "write the checksum itself, as sha256:HEX");
    }
    auto entries = parseList(list);
    if (entries.empty()) {
        refuseList(list);
    }
    std::erase_if(entries, [&](const Entry& entry) { return lastPart(entry.name) != name; });
    if (entries.empty()) {
        throw Error(ErrorCode::NotFound,
                    fmt::format("it has no checksum for '{}': add it on the server, or write "
                                "the checksum itself, as sha256:HEX",
                                name));
    }
    std::vector<Entry> here;
    std::copy_if(entries.begin(), entries.end(), std::back_inserter(here),
                 [&](const Entry& entry) { return isEndOf(entry.name, path); });
    return withAlgorithm(bestOf(here.empty() ? entries : here, name), name);
}

} // namespace bootferry
