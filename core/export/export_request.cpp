// SPDX-License-Identifier: LGPL-2.1-or-later
#include "export_request.h"

#include <algorithm>
#include <array>

#include <spdlog/fmt/fmt.h>
#include <spdlog/fmt/ranges.h> // fmt::join() since fmt 11

#include "boot_arguments.h"
#include "errors.h"
#include "plain_text.h"
#include "text.h"

namespace bootferry {
namespace {

constexpr std::size_t longestName = 100;
// What an export has beside its own folder.
constexpr std::array takenNames{"grub", "pxelinux.cfg", "pxelinux.0", "boot"};

bool isNameCharacter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-' || c == '+';
}

bool isAlphanumeric(char c) {
    return isNameCharacter(c) && c != '.' && c != '_' && c != '-' && c != '+';
}

std::string parseName(std::string_view text) {
    if (text.empty() || text.size() > longestName ||
        !std::all_of(text.begin(), text.end(), isNameCharacter) || !isAlphanumeric(text.front())) {
        throw Error(
            ErrorCode::Invalid,
            fmt::format("'{}' is not a valid name: expected up to {} letters, digits and . _ + -, the first "
                        "one a letter or a digit",
                        escapedText(text), longestName));
    }
    if (std::find(takenNames.begin(), takenNames.end(), lowered(text)) != takenNames.end()) {
        throw Error(
            ErrorCode::Invalid,
            fmt::format("'{}' is a name that boot loaders look for: choose another one with --name=", text));
    }
    return std::string(text);
}

// As paths of an ISO are written here.
std::string parsePathInIso(std::string_view text) {
    while (text.starts_with('/') || text.starts_with("./")) {
        text.remove_prefix(1);
    }
    if (text.empty()) {
        throw Error(ErrorCode::Invalid, "expected the path of a file in the ISO");
    }
    return std::string(text);
}

DhcpServer parseServer(std::string_view text) {
    static constexpr std::array<std::pair<std::string_view, DhcpServer>, 5> servers{
        {{"all", DhcpServer::All},
         {"dnsmasq", DhcpServer::Dnsmasq},
         {"isc", DhcpServer::Isc},
         {"kea", DhcpServer::Kea},
         {"none", DhcpServer::None}}};
    const auto* found = std::find_if(servers.begin(), servers.end(),
                                     [text](const auto& server) { return server.first == text; });
    if (found == servers.end()) {
        throw Error(ErrorCode::Invalid,
                    fmt::format("expected all, dnsmasq, isc, kea or none, not '{}'", escapedText(text)));
    }
    return found->second;
}

} // namespace

std::string exportName(const std::string& iso) {
    auto name = iso.substr(iso.rfind('/') + 1);
    if (lowered(name).ends_with(".iso")) {
        name.resize(name.size() - 4);
    }
    std::replace_if(
        name.begin(), name.end(), [](char c) { return !isNameCharacter(c); }, '-');
    const auto begin = std::find_if(name.begin(), name.end(), isAlphanumeric);
    name.erase(name.begin(), begin);
    name.resize(std::min(name.size(), longestName));
    if (name.empty()) {
        throw Error(ErrorCode::Invalid,
                    fmt::format("no name can be made of '{}': choose one with --name=", escapedText(iso)));
    }
    return parseName(name);
}

ExportRequest parseExport(const CommandLine& line) {
    ExportRequest request;
    request.iso = line.words.at(0);
    request.folder = line.words.at(1);
    applyOptions(line, [&request](std::string_view name, const std::string& value) {
        if (name == "url") {
            request.url = parseBaseUrl(value);
        } else if (name == "name") {
            request.name = parseName(value);
        } else if (name == "kernel") {
            request.kernel = parsePathInIso(value);
        } else if (name == "initrd") {
            request.initrd = parsePathInIso(value);
        } else if (name == "initrd-file") {
            request.initrdFile = value;
        } else if (name == "link") {
            request.link = true;
        } else if (name == "dhcp") {
            request.dhcp = parseServer(value);
        } else if (name == "quiet") {
            request.quiet = true;
        }
    });
    if (request.url.empty()) {
        throw Error(ErrorCode::Invalid, "--url=URL is missing: FOLDER's URL for machines");
    }
    if (request.initrd && request.initrdFile) {
        throw Error(ErrorCode::Invalid, "--initrd= and --initrd-file= exclude each other");
    }
    if (request.name.empty()) {
        request.name = exportName(request.iso);
    }
    const std::vector<std::string> words(line.words.begin() + 2, line.words.end());
    request.options = KernelCommandLine::parse(fmt::format("{}", fmt::join(words, " ")));
    requireNoRoot(request.options);
    requireWritable(request.options.arguments());
    return request;
}

} // namespace bootferry
