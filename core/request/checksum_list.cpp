// SPDX-License-Identifier: LGPL-2.1-or-later
// The formats are those of coreutils, src/digest.c, split_3() and bsd_split_3(). As in sha256sum, blanks in
// front of a line are skipped, and lines in no format (comments, the armour of a signature) are skipped; a
// file with no other lines is not a list.
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

constexpr std::string_view blanks = " \t";

struct Entry {
    std::string name;
    std::string hex;
    std::string algorithm; // in capitals, if the line names it

    // The digits of a digest that can be verified, else 0.
    [[nodiscard]] std::size_t usableDigits() const {
        const bool is256 = algorithm.empty() || algorithm == "SHA256" || algorithm == "SHA2-256";
        const bool is512 = algorithm.empty() || algorithm == "SHA512" || algorithm == "SHA2-512";
        return (is256 && hex.size() == sha256Digits) || (is512 && hex.size() == sha512Digits) ? hex.size()
                                                                                              : 0;
    }
};

bool isHexDigit(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// MD5 has 32 digits; anything shorter is a word that happens to be hexadecimal. A damaged digest, with a
// digit too few or too many, is one as well, so that the error can say so.
bool isDigest(std::string_view text) {
    return text.size() >= 32 && std::all_of(text.begin(), text.end(), isHexDigit);
}

std::string uppered(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
    return result;
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

// "HEX  name", "HEX *name", and as "sha256 -r" of the BSDs writes it, "HEX name". The blank may be a tab.
std::optional<Entry> parseGnuLine(std::string_view line) {
    const auto blank = line.find_first_of(blanks);
    if (blank == std::string_view::npos || !isDigest(line.substr(0, blank))) {
        return std::nullopt;
    }
    auto name = line.substr(blank + 1);
    if (name.size() > 1 && (name.front() == ' ' || name.front() == '*')) {
        name.remove_prefix(1);
    }
    if (name.empty()) {
        return std::nullopt;
    }
    return Entry{.name = std::string(name), .hex = lowered(line.substr(0, blank)), .algorithm = {}};
}

// "SHA256 (name) = HEX", and as openssl writes it, "SHA256(name)= HEX". The name may contain parentheses, so
// its end is searched from the back.
std::optional<Entry> parseBsdLine(std::string_view line) {
    const auto open = line.find('(');
    const auto close = line.rfind(')');
    if (open == std::string_view::npos || close == std::string_view::npos || close <= open + 1) {
        return std::nullopt;
    }
    auto algorithm = line.substr(0, open);
    algorithm.remove_suffix(algorithm.ends_with(' ') ? 1 : 0);
    auto rest = trimmed(line.substr(close + 1), blanks);
    if (algorithm.empty() || algorithm.find_first_of(blanks) != std::string_view::npos ||
        !rest.starts_with('=')) {
        return std::nullopt;
    }
    rest = trimmed(rest.substr(1), blanks);
    if (!isDigest(rest)) {
        return std::nullopt;
    }
    return Entry{.name = std::string(line.substr(open + 1, close - open - 1)),
                 .hex = lowered(rest),
                 .algorithm = uppered(algorithm)};
}

std::optional<Entry> parseLine(std::string_view line) {
    if (line.ends_with('\r')) {
        line.remove_suffix(1);
    }
    line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
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
    constexpr std::string_view byteOrderMark = "\xEF\xBB\xBF"; // as editors of Windows write it
    list.remove_prefix(list.starts_with(byteOrderMark) ? byteOrderMark.size() : 0);
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
        throw Error(ErrorCode::Checksum, "it is empty, not a checksum list");
    }
    const bool html = list.substr(list.find_first_not_of(" \t\r\n")).starts_with('<');
    throw Error(ErrorCode::Checksum, fmt::format("it is {}not a checksum list as sha256sum writes it",
                                                 html ? "an HTML page, " : ""));
}

std::string withAlgorithm(const Entry& entry, std::string_view name) {
    if (entry.usableDigits() == 0) {
        throw Error(ErrorCode::Checksum,
                    fmt::format("its {}checksum for '{}' has {} digits: expected sha256 (64 digits) or "
                                "sha512 (128)",
                                entry.algorithm.empty() ? "" : entry.algorithm + " ", name,
                                entry.hex.size()));
    }
    return (entry.hex.size() == sha256Digits ? "sha256:" : "sha512:") + entry.hex;
}

// A list may hold several algorithms: sha512 is preferred to sha256, and either to an unsupported one.
Entry bestOf(std::vector<Entry> entries, std::string_view name) {
    std::stable_sort(entries.begin(), entries.end(), [](const Entry& left, const Entry& right) {
        return left.usableDigits() > right.usableDigits();
    });
    const auto& best = entries.front();
    if (std::any_of(entries.begin(), entries.end(), [&](const Entry& other) {
            return best.usableDigits() > 0 && other.usableDigits() == best.usableDigits() &&
                   other.hex != best.hex;
        })) {
        throw Error(ErrorCode::Checksum,
                    fmt::format("it has different checksums for '{}': give the right one as "
                                "sha256:HEX",
                                name));
    }
    return best;
}

} // namespace

std::string findChecksum(std::string_view list, const Url& image) {
    const auto path = image.decodedPath();
    const auto name = lastPart(path);
    if (name.empty()) {
        throw Error(ErrorCode::Invalid, "the image's URL has no file name to look for in a checksum list: "
                                        "give the checksum itself as sha256:HEX");
    }
    auto entries = parseList(list);
    if (entries.empty()) {
        refuseList(list);
    }
    std::erase_if(entries, [&](const Entry& entry) { return lastPart(entry.name) != name; });
    if (entries.empty()) {
        throw Error(ErrorCode::NotFound,
                    fmt::format("it has no checksum for '{}': add it, or give the checksum itself as "
                                "sha256:HEX",
                                name));
    }
    std::vector<Entry> here;
    std::copy_if(entries.begin(), entries.end(), std::back_inserter(here),
                 [&](const Entry& entry) { return isEndOf(entry.name, path); });
    return withAlgorithm(bestOf(here.empty() ? entries : here, name), name);
}

} // namespace bootferry
