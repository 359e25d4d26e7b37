// SPDX-License-Identifier: LGPL-2.1-or-later
#include "trusted_certificates.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <system_error>
#include <vector>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <spdlog/fmt/fmt.h>

#include "errors.h"
#include "files.h"

namespace bootferry {
namespace {

constexpr std::string_view blockBegin = "-----BEGIN CERTIFICATE-----";
constexpr std::string_view blockEnd = "-----END CERTIFICATE-----";

// A certificate that cannot be read would hide those behind it.
void requireCertificate(std::string_view block, const std::string& name) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
        BIO_new_mem_buf(block.data(), static_cast<int>(block.size())), BIO_free);
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(
        bio != nullptr ? PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr) : nullptr, X509_free);
    if (certificate == nullptr) {
        ERR_clear_error();
        throw Error(ErrorCode::Invalid,
                    fmt::format("a certificate in '{}' is damaged: write it again", name));
    }
}

} // namespace

bool holdsCertificates(std::string_view text) {
    return text.find(blockBegin) != std::string_view::npos;
}

std::string certificatesIn(std::string_view text, const std::string& name) {
    std::string found;
    for (auto begin = text.find(blockBegin); begin != std::string_view::npos; begin = text.find(blockBegin)) {
        const auto next = text.find(blockBegin, begin + blockBegin.size());
        const auto end = text.find(blockEnd, begin);
        if (end == std::string_view::npos || end > next) {
            throw Error(ErrorCode::Invalid,
                        fmt::format("a certificate in '{}' has no end: write it again", name));
        }
        const auto block = text.substr(begin, end + blockEnd.size() - begin);
        requireCertificate(block, name);
        found += block;
        found += '\n';
        text.remove_prefix(end + blockEnd.size());
    }
    return found;
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
        const auto text = certificatesIn(readSmallFile(path).value_or(""), path);
        if (text.empty()) {
            throw Error(ErrorCode::Invalid,
                        fmt::format("'{}' holds no certificate in PEM: write it with openssl x509", path));
        }
        certificates += text;
    }
    return certificates;
}

} // namespace bootferry
