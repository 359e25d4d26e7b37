// SPDX-License-Identifier: LGPL-2.1-or-later
#include "trusted_certificates.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <vector>

#include <spdlog/fmt/fmt.h>

#include "errors.h"
#include "files.h"

namespace bootferry {
namespace {

constexpr std::string_view blockBegin = "-----BEGIN CERTIFICATE-----";
constexpr std::string_view blockEnd = "-----END CERTIFICATE-----";

} // namespace

bool holdsCertificates(std::string_view text) {
    return text.find(blockBegin) != std::string_view::npos;
}

std::string certificatesIn(std::string_view text) {
    std::string found;
    for (;;) {
        const auto begin = text.find(blockBegin);
        const auto end = text.find(blockEnd, begin);
        if (begin == std::string_view::npos || end == std::string_view::npos) {
            return found;
        }
        found += text.substr(begin, end + blockEnd.size() - begin);
        found += '\n';
        text.remove_prefix(end + blockEnd.size());
    }
}

std::string certificatesFromFolder(const std::string& folder) {
    std::vector<std::string> paths;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        const auto extension = entry.path().extension();
        if (extension == ".pem" || extension == ".crt") {
            paths.push_back(entry.path());
        }
    }
    if (error && error != std::errc::no_such_file_or_directory) {
        throw Error(ErrorCode::Io, error.value(), fmt::format("reading the folder '{}'", folder));
    }
    std::sort(paths.begin(), paths.end());
    std::string certificates;
    for (const auto& path : paths) {
        const auto text = certificatesIn(readSmallFile(path).value_or(""));
        if (text.empty()) {
            throw Error(ErrorCode::Invalid,
                        fmt::format("'{}' holds no certificate in PEM: write it with openssl x509", path));
        }
        certificates += text;
    }
    return certificates;
}

} // namespace bootferry
