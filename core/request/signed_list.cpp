// SPDX-License-Identifier: LGPL-2.1-or-later
#include "signed_list.h"

#include <algorithm>
#include <filesystem>

#include <spdlog/fmt/fmt.h>

#include "environment.h"
#include "errors.h"
#include "files.h"
#include "text.h"

namespace bootferry {
namespace {

constexpr std::string_view required = "required";

} // namespace

void setSignature(TransferRequest& request, std::string_view text) {
    ListSignature signature;
    if (text != "auto") {
        if (text.find("://") == std::string_view::npos) {
            throw Error(ErrorCode::Invalid,
                        "expected the URL of the checksum list's signature, or auto: beside the list");
        }
        signature.url = Url::parse(text);
        if (signature.url->userinfo()) {
            throw Error(ErrorCode::Invalid, "the URL of a signature cannot have a user name or password; the "
                                            "image's are used if the server is the same");
        }
    }
    request.signature = std::move(signature);
}

void setVerify(TransferRequest& request, std::string_view text) {
    if (text != required) {
        throw Error(ErrorCode::Invalid, "the only value is required: boot only what is signed");
    }
    request.signedOnly = true;
}

void requireSignedList(TransferRequest& request) {
    if (request.signedOnly && !request.signature) {
        request.signature.emplace();
    }
    if (!request.signature || request.checksumUrl) {
        return;
    }
    throw Error(ErrorCode::Invalid,
                fmt::format("{}: name a checksum list that is signed, rd.bootferry.checksum=URL "
                            "(bootferryctl: --checksum=URL){}",
                            request.signedOnly ? "only a signed image may be booted here"
                                               : "there is no checksum list to verify",
                            request.checksum ? "; a checksum alone has no signature" : ""));
}

void requirePlainList(std::string_view text) {
    constexpr std::size_t longestLine = 8192;
    for (auto line : linesOf(text)) {
        line.remove_suffix(line.ends_with('\r') ? 1 : 0);
        const bool isPlain = std::all_of(line.begin(), line.end(), [](char c) {
            return static_cast<unsigned char>(c) >= ' ' ? c != '\x7f' : c == '\t';
        });
        if (!isPlain || line.size() > longestLine) {
            throw Error(ErrorCode::Checksum, isPlain ? "it has a line that is too long for a checksum list"
                                                     : "it contains control characters");
        }
    }
}

bool isSignedInline(std::string_view text) {
    const auto lines = linesOf(text);
    return std::any_of(lines.begin(), lines.end(), [](std::string_view line) {
        return line.starts_with("-----BEGIN PGP SIGNED MESSAGE-----");
    });
}

std::vector<Url> usualSignatures(const Url& list) {
    const auto& path = list.path();
    const auto end = std::min(path.find('?'), path.size());
    std::vector<Url> urls;
    for (const char* suffix : {".gpg", ".asc", ".sign", ".sig", ".p7s"}) {
        urls.push_back(Url::parse(fmt::format("{}://{}{}{}{}", list.scheme(), list.authority(),
                                              path.substr(0, end), suffix, path.substr(end))));
    }
    return urls;
}

std::string settingsFolder() {
    const std::string usual = "/etc/bootferry";
    return runningInInitrd() ? usual : environment("BOOTFERRY_SETTINGS", usual);
}

bool requiresSignatures(const std::string& folder) {
    const auto path = folder + "/verify";
    std::error_code error;
    if (std::filesystem::symlink_status(path, error).type() == std::filesystem::file_type::not_found) {
        return false;
    }
    if (trimmed(readSmallFile(path).value_or(""), " \t\r\n") != required) {
        throw Error(ErrorCode::Invalid,
                    fmt::format("'{}' does not contain the word {}: correct or remove it", path, required));
    }
    return true;
}

} // namespace bootferry
