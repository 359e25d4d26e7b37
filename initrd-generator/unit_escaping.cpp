// SPDX-License-Identifier: LGPL-2.1-or-later
// Only words that need it are quoted, so that a person can read `systemctl cat`.
#include "unit_escaping.h"

#include <algorithm>

#include <spdlog/fmt/fmt.h>

namespace bootferry {
namespace {

bool isAlphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool isControl(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

std::string commandWord(std::string_view word) {
    bool quoted = word.empty();
    std::string escaped;
    for (const char c : word) {
        if (isAlphanumeric(c) || std::string_view("/._-=:,+@").find(c) != std::string_view::npos) {
            escaped += c;
        } else if (c == '%' || c == '$') {
            escaped += {c, c};
        } else if (c == '"' || c == '\\') {
            escaped += {'\\', c};
            quoted = true;
        } else if (isControl(c) || static_cast<unsigned char>(c) >= 0x80) {
            escaped += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
            quoted = true;
        } else {
            escaped += c;
            quoted = true;
        }
    }
    return quoted ? "\"" + escaped + "\"" : escaped;
}

} // namespace

std::string commandLine(const std::vector<std::string>& words) {
    std::string line;
    for (const auto& word : words) {
        // A NUL cannot be part of an argument.
        const auto text = std::string_view(word).substr(0, word.find('\0'));
        line += (line.empty() ? "" : " ") + commandWord(text);
    }
    return line;
}

std::string specifierEscaped(std::string_view text) {
    std::string escaped;
    for (const char c : text) {
        escaped += isControl(c) ? '?' : c;
        if (c == '%') {
            escaped += c;
        }
    }
    return escaped;
}

std::string descriptionText(std::string_view text) {
    std::string line = specifierEscaped(text);
    std::replace_if(
        line.begin(), line.end(),
        [](char c) { return isControl(c) || static_cast<unsigned char>(c) >= 0x80; }, '?');
    // A backslash at the end would continue the line.
    std::replace(line.begin(), line.end(), '\\', '/');
    return line;
}

std::string deviceUnitName(std::string_view path) {
    while (path.starts_with('/')) {
        path.remove_prefix(1);
    }
    while (path.ends_with('/')) {
        path.remove_suffix(1);
    }
    std::string name;
    for (const char c : path) {
        if (c == '/') {
            // Several slashes in a row are one.
            if (!name.ends_with('-')) {
                name += '-';
            }
        } else if (isAlphanumeric(c) || c == ':' || c == '_' || (c == '.' && !name.empty())) {
            name += c;
        } else {
            name += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        }
    }
    return name + ".device";
}

} // namespace bootferry
