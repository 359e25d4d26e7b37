// SPDX-License-Identifier: LGPL-2.1-or-later
#include "verity_request.h"

#include <algorithm>
#include <array>

#include <spdlog/fmt/fmt.h>

#include "build_config.h"
#include "errors.h"
#include "text.h"

namespace bootferry {
namespace {

constexpr std::string_view offsetPrefix = "hash-offset:";
constexpr std::size_t fewestDigits =
    40; // sha1: the tree names its hash, and the kernel has weak ones of 16 bytes
constexpr std::size_t mostDigits = 128;

constexpr std::array<std::string_view, 4> servedOptions{"restart-on-corruption", "panic-on-corruption",
                                                        "ignore-zero-blocks", "check-at-most-once"};

[[noreturn]] void refuseOption(std::string_view option) {
    if (option == "ignore-corruption") {
        throw Error(ErrorCode::Unsupported, "ignore-corruption is not supported by bootferry: damaged blocks "
                                            "would be used");
    }
    throw Error(ErrorCode::Unsupported,
                fmt::format("'{}' is not supported by bootferry: expected restart-on-corruption, "
                            "panic-on-corruption, ignore-zero-blocks or check-at-most-once; the hash tree "
                            "itself states the rest",
                            option));
}

} // namespace

std::string parseRootHash(std::string_view text) {
    const auto isHex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
    auto hash = lowered(text);
    if (hash.size() < fewestDigits || hash.size() > mostDigits || hash.size() % 2 != 0 ||
        !std::all_of(hash.begin(), hash.end(), isHex)) {
        throw Error(ErrorCode::Invalid,
                    fmt::format("expected the root hash that 'veritysetup format' prints, {} to {} "
                                "hexadecimal digits, not '{}'",
                                fewestDigits, mostDigits, text));
    }
    return hash;
}

std::string parseRootHashSignature(std::string_view text) {
    constexpr std::size_t longest = 16384;
    const auto isOfBase64 = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
               c == '/' || c == '=';
    };
    const bool isPath = text.starts_with('/') && text.find("/../") == std::string_view::npos;
    const auto data = text.starts_with(base64Signature) ? text.substr(base64Signature.size()) : "";
    const bool isData = !data.empty() && data.size() % 4 == 0 && data.size() <= longest &&
                        std::all_of(data.begin(), data.end(), isOfBase64);
    if (!isPath && !isData) {
        throw Error(
            ErrorCode::Invalid,
            "expected base64: and the signature of the root hash (PKCS#7, DER) in base64 without line "
            "ends, the path of a file in the initrd, or a URL");
    }
    return std::string(text);
}

std::vector<Url> VerityRequest::fetched() const {
    std::vector<Url> urls;
    for (const auto& url : {tree, signatureUrl}) {
        if (url) {
            urls.push_back(*url);
        }
    }
    return urls;
}

void setRootHashSignature(VerityRequest& request, std::string_view text) {
    request.signature.clear();
    request.signatureUrl.reset();
    if (text.find("://") == std::string_view::npos) {
        request.signature = parseRootHashSignature(text);
        return;
    }
    request.signatureUrl = Url::parse(text);
    if (request.signatureUrl->userinfo()) {
        throw Error(ErrorCode::Invalid, "the URL of a signature cannot have a user name or password; the "
                                        "image's are used if the server is the same");
    }
}

void setVerityTree(VerityRequest& request, std::string_view text) {
    request.tree.reset();
    request.offset.reset();
    if (text.starts_with(offsetPrefix)) {
        constexpr std::uint64_t sector = 512;
        request.offset = parseNumber<std::uint64_t>(text.substr(offsetPrefix.size()));
        if (!request.offset || *request.offset == 0 || *request.offset % sector != 0) {
            throw Error(ErrorCode::Invalid,
                        fmt::format("expected hash-offset:BYTES, a multiple of {}, as veritysetup's "
                                    "--hash-offset= has it",
                                    sector));
        }
        return;
    }
    if (text.find("://") == std::string_view::npos) {
        throw Error(ErrorCode::Invalid,
                    "expected the URL of the hash tree, or hash-offset:BYTES: where it begins in the root "
                    "image");
    }
    request.tree = Url::parse(text);
    if (request.tree->userinfo()) {
        throw Error(ErrorCode::Invalid, "the URL of a hash tree cannot have a user name or password; the "
                                        "image's are used if the server is the same");
    }
}

std::vector<std::string> parseVerityOptions(std::string_view text) {
    std::vector<std::string> options;
    while (!text.empty()) {
        const auto end = std::min(text.find(','), text.size());
        const auto option = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (option.empty()) {
            continue;
        }
        if (std::find(servedOptions.begin(), servedOptions.end(), option) == servedOptions.end()) {
            refuseOption(option);
        }
        options.emplace_back(option);
    }
    const auto has = [&](std::string_view option) {
        return std::find(options.begin(), options.end(), option) != options.end();
    };
    if (has("restart-on-corruption") && has("panic-on-corruption")) {
        throw Error(
            ErrorCode::Invalid,
            "restart-on-corruption and panic-on-corruption contradict each other: remove one of them");
    }
    return options;
}

void completeVerity(VerityRequest& request, const Url* image) {
    constexpr const char* unverified = "without rd.bootferry.roothash= the image would be read unverified";
    if (!request.isRequested()) {
        if (!request.options.empty()) {
            throw Error(ErrorCode::Invalid,
                        fmt::format("rd.kiwi.verity_options= on the kernel command line: {}", unverified));
        }
        if (!request.signature.empty() || request.signatureUrl) {
            throw Error(
                ErrorCode::Invalid,
                fmt::format("rd.bootferry.roothash_signature= on the kernel command line: {}", unverified));
        }
        if (request.tree || request.offset) {
            throw Error(ErrorCode::Invalid,
                        fmt::format("rd.bootferry.verity= on the kernel command line: {}", unverified));
        }
        return;
    }
    if (BOOTFERRY_VERITY == 0) {
        throw Error(ErrorCode::Unsupported,
                    "a root hash (rd.bootferry.roothash= on the kernel command line, or /etc/veritytab) is "
                    "not supported: this bootferry was built without libcryptsetup");
    }
    if (image == nullptr && request.signatureUrl) {
        throw Error(
            ErrorCode::Invalid,
            "rd.bootferry.roothash_signature= on the kernel command line: nothing is fetched for a local "
            "medium; expected base64: and the signature, or the path of a file in the initrd");
    }
    if (request.offset) {
        return;
    }
    if (image == nullptr) {
        throw Error(ErrorCode::Invalid,
                    "the root hash of a local medium needs a hash tree in its root image: "
                    "rd.bootferry.verity=hash-offset:BYTES");
    }
    if (!request.tree && image->scheme() == "dolly") {
        throw Error(ErrorCode::Invalid, "dolly sends the image alone: rd.bootferry.verity=URL says where the "
                                        "hash tree of rd.bootferry.roothash= is");
    }
    request.isUsualTree = !request.tree;
    if (request.isUsualTree) {
        request.tree = usualTree(*image);
    }
}

std::vector<std::string> remarksOnVerity(const VerityRequest& request, bool imageInMemory,
                                         bool keepsChanges) {
    std::vector<std::string> remarks;
    if (request.isRequested() && request.tree && !imageInMemory) {
        remarks.emplace_back(
            "the hash tree is fetched at every boot, although the image is on the disk: in the "
            "image (rd.bootferry.verity=hash-offset:BYTES) it needs no network");
    }
    if (request.isRequested() && keepsChanges && !imageInMemory) {
        remarks.emplace_back("changes that are kept on the disk are not verified, and replace files of the "
                             "verified root");
    }
    return remarks;
}

Url usualTree(const Url& image) {
    const auto& path = image.path();
    const auto end = std::min(path.find('?'), path.size());
    return Url::parse(fmt::format("{}://{}{}.verity{}", image.scheme(), image.authority(),
                                  path.substr(0, end), path.substr(end)));
}

} // namespace bootferry
