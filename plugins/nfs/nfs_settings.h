// SPDX-License-Identifier: LGPL-2.1-or-later
// The options and the URL: which file, on which server, and how to request it.
#ifndef NFS_SETTINGS_H
#define NFS_SETTINGS_H

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "bootferry/plugin.hpp"

namespace nfs {

using bootferry::kit::Failure;

constexpr std::uint64_t mostPerRead = 1U << 20U; // libnfs accepts no longer answer

// Each may also be in the URL's query, which is about one server only: nfs://10.0.0.1/images/a?version=4
inline const bootferry_option options[] = {
    {"export", "path to mount, which the file lies below (the file's folder)"},
    {"gid", "number of the group to act as on the server (65534)"},
    {"mount-port", "port of the MOUNT service of version 3 (as the server's portmapper says)"},
    {"read-size", "bytes per read request, with K or M, at most 1M (1M, or what the server allows)"},
    {"reads", "how many read requests are in flight, 1 to 64 (8)"},
    {"uid", "number of the user to act as on the server (65534)"},
    {"version", "of NFS: 3 or 4 (3)"},
    {nullptr, nullptr},
};

struct Settings {
    std::string exportPath; // empty: the file's folder
    std::uint64_t version = 3;
    std::uint64_t uid = 65534;
    std::uint64_t gid = 65534;
    std::uint64_t readSize = mostPerRead;
    std::uint64_t reads = 8;
    std::uint64_t mountPort = 0; // 0: ask the portmapper

    void set(const std::string& key, const std::string& value);
};

inline std::uint64_t numberWithin(const std::string& text, std::uint64_t least, std::uint64_t most) {
    std::uint64_t number = 0;
    if (bootferry_parse_number(text.c_str(), most, &number) < 0 || number < least) {
        throw Failure(BOOTFERRY_ERROR_INVALID,
                      "it takes a number from " + std::to_string(least) + " to " + std::to_string(most));
    }
    return number;
}

inline void Settings::set(const std::string& key, const std::string& value) {
    constexpr std::uint64_t mostId = INT_MAX;
    constexpr std::uint64_t leastPerRead = 4096;
    if (key == "export") {
        if (value.empty() || value.front() != '/') {
            throw Failure(BOOTFERRY_ERROR_INVALID, "it takes a path that begins with '/'");
        }
        exportPath = value;
        while (exportPath.size() > 1 && exportPath.back() == '/') {
            exportPath.pop_back();
        }
    } else if (key == "gid") {
        gid = numberWithin(value, 0, mostId);
    } else if (key == "mount-port") {
        mountPort = numberWithin(value, 1, 65535);
    } else if (key == "read-size") {
        std::uint64_t size = 0;
        if (bootferry_parse_size(value.c_str(), mostPerRead, &size) < 0 || size < leastPerRead) {
            throw Failure(BOOTFERRY_ERROR_INVALID, "it takes a size from 4K to 1M");
        }
        readSize = size;
    } else if (key == "reads") {
        reads = numberWithin(value, 1, 64);
    } else if (key == "uid") {
        uid = numberWithin(value, 0, mostId);
    } else if (key == "version") {
        version = numberWithin(value, 3, 4);
    } else {
        throw Failure(BOOTFERRY_ERROR_INVALID, "there is no option '" + key + "'");
    }
}

inline std::string decoded(bootferry_part part) {
    const std::unique_ptr<char, decltype(&std::free)> text(bootferry_decode_part(part), &std::free);
    if (text == nullptr) {
        throw Failure(errno == ENOMEM ? BOOTFERRY_ERROR_IO : BOOTFERRY_ERROR_INVALID,
                      "the URL cannot be used: a '%' is not followed by the code of a character, or is %00, "
                      "which no name has",
                      errno == ENOMEM ? ENOMEM : 0);
    }
    return text.get();
}

// The options are about the server of the requested URL. To another one (a mirror's, a checksum list's), only
// those apply that are about this side; its own are in its URL's query.
inline Settings forServer(const Settings& requested, std::uint32_t requestFlags) {
    if ((requestFlags & BOOTFERRY_REQUEST_ELSEWHERE) == 0) {
        return requested;
    }
    Settings result;
    result.readSize = requested.readSize;
    result.reads = requested.reads;
    return result;
}

// The URL's query over the options.
inline Settings withQuery(Settings settings, bootferry_part query) {
    std::string_view rest(query.start != nullptr ? query.start : "", query.length);
    while (!rest.empty()) {
        const auto one = rest.substr(0, rest.find('&'));
        rest.remove_prefix(std::min(rest.size(), one.size() + 1));
        const auto key = one.substr(0, one.find('='));
        const auto value = one.substr(std::min(one.size(), key.size() + 1));
        try {
            settings.set(std::string(key), decoded({value.data(), value.size()}));
        } catch (const Failure& failure) {
            throw Failure(failure.code(), "'" + std::string(key) + "' in the URL: " + failure.what(),
                          failure.errnoValue());
        }
    }
    return settings;
}

struct Place {
    std::string server;
    std::uint16_t port = 0; // 0: 2049, or as the portmapper says
    std::string exportPath; // what is mounted
    std::string file;       // below it; begins with '/'
    std::string path;       // both

    Place(const bootferry_url_parts& url, const Settings& settings)
        : server(decoded(url.host)), port(url.port), path(decoded(url.path)) {
        const auto slash = path.rfind('/');
        if (server.empty() || slash == std::string::npos || slash + 1 == path.size()) {
            throw Failure(BOOTFERRY_ERROR_INVALID, "the URL must be nfs://SERVER/EXPORT/FILE");
        }
        exportPath = settings.exportPath;
        if (exportPath.empty()) {
            exportPath = slash == 0 ? "/" : path.substr(0, slash);
        }
        const auto end = exportPath == "/" ? 0 : exportPath.size();
        if (path.compare(0, end, exportPath, 0, end) != 0 || path[end] != '/') {
            throw Failure(BOOTFERRY_ERROR_INVALID,
                          "'" + path + "' does not lie below the export '" + exportPath + "'");
        }
        file = path.substr(end);
    }
};

} // namespace nfs

#endif
