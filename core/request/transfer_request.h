// SPDX-License-Identifier: LGPL-2.1-or-later
// A requested transfer, whether from the kernel command line, bootferryctl or a D-Bus client. It is checked
// where it is made, and only read afterwards.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "build_config.h"
#include "url.h"

namespace bootferry {

// rd.bootferry.option=PLUGIN:KEY=VALUE
struct PluginOption {
    std::string plugin;
    std::string key;
    std::string value; // empty: none was given

    bool operator==(const PluginOption&) const = default;
};

inline constexpr std::chrono::seconds defaultStallTimeout{30};
// A longer timeout is none. This one still fits 64 bits in nanoseconds, added to a clock.
inline constexpr std::chrono::hours longestTimeout{24 * 365 * 100};
inline constexpr unsigned defaultConnections = BOOTFERRY_CONNECTIONS;
inline constexpr unsigned mostConnections = 16;

// The bytes that an earlier try has left at the beginning of the target.
struct Continuation {
    std::uint64_t offset = 0;          // bytes that are there, as they were served
    std::optional<std::uint64_t> size; // of the whole source
    std::string validator;             // the server's validator of that version; not empty
    // The whole file, from one source without a gap. If its checksum is not the requested one, fetching it
    // again from there does not help.
    bool isWhole = false;

    bool operator==(const Continuation&) const = default;
};

// The checksum list must have a valid OpenPGP signature (signed_list.h).
struct ListSignature {
    std::optional<Url> url; // of the signature, or the list's own if that is signed inline; without userinfo;
                            // absent: it is looked for
    std::string text;       // a signature that was read already: no URL
};

struct TransferRequest {
    Url url;
    std::vector<Url> mirrors; // other places for the same bytes
    std::string target;       // device node, or for `bootferryctl fetch` a file
    std::vector<PluginOption> pluginOptions;
    std::optional<std::string> checksum;      // "sha256:HEX", "sha512:HEX"; or
    std::optional<Url> checksumUrl;           // a list to find it in (checksum_list.h), without userinfo
    std::optional<ListSignature> signature;   // only with checksumUrl
    bool signedOnly = false;                  // rd.bootferry.verify=required
    std::optional<std::uint64_t> ramdiskSize; // bytes; only for RAM disks
    bool reset = false;
    bool onDemand = false;            // the image can be read while it arrives
    bool decode = false;              // unpack gzip, xz and zstd on the way; bootferryd always does
    bool requireLiveImage = true;     // refuse bytes that are not a live image before the target is touched
    bool requireDeclaredSize = false; // also refuse images that a later boot cannot recognise by their size
    std::chrono::microseconds stallTimeout =
        defaultStallTimeout;                          // an attempt fails when no data arrives for this time
    std::optional<std::chrono::microseconds> timeout; // the transfer fails after this time; absent: never
    // `bootferryctl fetch` fails when no byte arrives for this time, over all retries; absent: never
    std::optional<std::chrono::microseconds> idleTimeout;
    std::optional<std::uint64_t> limitRate;    // bytes per second, at most
    unsigned connections = defaultConnections; // to one server at a time, at most
    std::optional<bool> continues;             // of `bootferryctl fetch`; absent: yes
    std::optional<Continuation> continuation;
};

// The requested URL, then its mirrors, for people.
[[nodiscard]] inline std::vector<std::string> shownUrls(const TransferRequest& request) {
    std::vector<std::string> urls{request.url.shown()};
    for (const auto& mirror : request.mirrors) {
        urls.push_back(mirror.shown());
    }
    return urls;
}

} // namespace bootferry
