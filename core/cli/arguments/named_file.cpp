// SPDX-License-Identifier: LGPL-2.1-or-later
#include "named_file.h"

#include <cerrno>
#include <optional>

#include <spdlog/fmt/fmt.h>

#include "checksum_list.h"
#include "errors.h"
#include "files.h"

namespace bootferry {

std::string readNamedFile(const std::string& path) {
    try {
        if (auto text = readSmallFile(path)) {
            return *text;
        }
    } catch (const Error& error) {
        const auto code = error.errnoValue() != 0 ? fileErrorCode(error.errnoValue()) : error.code();
        throw Error(code == ErrorCode::TooLarge ? ErrorCode::Invalid : code, error.what());
    }
    throw Error(fileErrorCode(ENOENT), ENOENT, fmt::format("opening '{}'", path));
}

std::string checksumFromFile(const std::string& path, const Url& image) {
    std::optional<std::string> list;
    try {
        list = readNamedFile(path);
        return findChecksum(*list, image);
    } catch (const Error& error) {
        if (list || error.code() != ErrorCode::NotFound) {
            const auto code = error.code() == ErrorCode::Checksum ? ErrorCode::Invalid : error.code();
            throw Error(code, fmt::format("the checksum list '{}': {}", path, error.what()));
        }
        throw Error(
            ErrorCode::NotFound,
            fmt::format("'{}' is neither a checksum (sha256: and 64 hexadecimal digits, sha512: and 128, "
                        "or the digits alone) nor a URL, and there is no checksum list with this "
                        "name here",
                        path));
    }
}

bool namesList(std::string_view checksum) {
    if (checksum.find("://") != std::string_view::npos) {
        return false;
    }
    const bool isHex = checksum.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
    return checksum.find('/') != std::string_view::npos ||
           (checksum.find(':') == std::string_view::npos && !isHex);
}

} // namespace bootferry
