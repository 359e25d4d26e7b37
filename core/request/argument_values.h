// SPDX-License-Identifier: LGPL-2.1-or-later
// The values that kernel arguments take, each checked where it is read. A function throws Error(Invalid) that
// says what was given and what is expected; the caller adds the argument's name.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "transfer_request.h"

namespace bootferry {

[[nodiscard]] std::uint64_t parseByteCount(std::string_view text);      // digits; above 0
[[nodiscard]] std::uint64_t parseKibibytes(std::string_view text);      // digits; the result is in bytes
[[nodiscard]] std::chrono::seconds parseSeconds(std::string_view text); // "30", "30s", "2min", "1h"
[[nodiscard]] std::optional<std::chrono::seconds> parseTimeLimit(std::string_view text); // 0: none
[[nodiscard]] std::optional<std::uint64_t> parseRate(std::string_view text); // "500K", "10m", "1G"; 0: none
[[nodiscard]] unsigned parseConnections(std::string_view text);              // 1 to mostConnections
[[nodiscard]] std::string parseTmpfsSize(std::string_view text); // "50%", "512m", "2g"; "512" becomes "512m"
[[nodiscard]] std::string parseCowFilesystem(std::string_view text); // ext4, xfs, btrfs
[[nodiscard]] std::string parseDeviceNode(std::string_view text);    // /dev/...
[[nodiscard]] std::string parseBootInterface(std::string_view text); // BOOTIF=; "aa:bb:cc:dd:ee:ff"
[[nodiscard]] std::string parseRelativePath(std::string_view text);  // without a leading '/', no '..'
[[nodiscard]] std::uint64_t parseMebibytes(std::string_view text);   // 1 to 1048576 MiB
[[nodiscard]] std::string parseMountOptions(std::string_view text);  // one line
[[nodiscard]] std::string parseChecksum(std::string_view text);      // sha256:HEX, sha512:HEX, HEX; lowered
void setChecksum(TransferRequest& request, std::string_view text);   // such a checksum, or a list's URL
[[nodiscard]] PluginOption parsePluginOption(std::string_view text); // PLUGIN:KEY=VALUE

// udev's name for a label or UUID as part of a link's name: what is not plain is \xNN (libudev's
// udev_util_encode_string).
[[nodiscard]] std::string udevEncoded(std::string_view text);

} // namespace bootferry
