// SPDX-License-Identifier: LGPL-2.1-or-later
// Values are checked like the kernel arguments they come from: this program accepts exactly what the
// generator accepts.
#include <string_view>

#include <spdlog/fmt/fmt.h>

#include "argument_values.h"
#include "errors.h"
#include "live_root.h"

namespace bootferry {
namespace {

std::string parsePath(std::string_view text) {
    if (!text.starts_with('/')) {
        throw Error(ErrorCode::Invalid, fmt::format("expected an absolute path, not '{}'", text));
    }
    return "/" + parseRelativePath(text);
}

Ability parseAbility(std::string_view name) {
    if (name == "verify") {
        return verifying;
    }
    if (name == "encrypt") {
        return encrypting;
    }
    throw Error(ErrorCode::Invalid, fmt::format("expected verify or encrypt, not '{}'", name));
}

void judgeVerity(const LiveRootRequest& request) {
    const int places = (request.verityTree.empty() ? 0 : 1) + (request.verity.offset ? 1 : 0);
    const bool isMounted = request.abilities.empty();
    if (request.verity.isRequested() && places != 1 && isMounted) {
        throw Error(ErrorCode::Invalid,
                    "--roothash: expected either --verity-tree=FILE or --verity-offset=BYTES");
    }
    if (!request.verity.isRequested() &&
        (places > 0 || !request.verity.options.empty() || !request.verity.signature.empty())) {
        throw Error(ErrorCode::Invalid,
                    "a hash tree, and a signature, verify nothing without --roothash=HEX");
    }
}

void applyOption(LiveRootRequest& request, std::string_view word) {
    const auto equals = word.find('=');
    const auto name = word.substr(0, equals);
    const auto value = equals == std::string_view::npos ? std::string_view() : word.substr(equals + 1);
    try {
        if (name == "--iso-scan") {
            request.isoFile = parseImageName(value);
        } else if (name == "--dir") {
            request.dir = parseRelativePath(value);
        } else if (name == "--squashimg") {
            request.squashimg = parseImageName(value);
        } else if (name == "--overlay-size") {
            request.overlaySize = parseTmpfsSize(value);
        } else if (name == "--check" && equals == std::string_view::npos) {
            request.check = true;
        } else if (name == "--persistent" && equals == std::string_view::npos) {
            request.persistent = true;
        } else if (name == "--overlay-readonly" && equals == std::string_view::npos) {
            request.overlayReadOnly = true;
        } else if (name == "--overlay-reset" && equals == std::string_view::npos) {
            request.overlayReset = true;
        } else if (name == "--encrypt" && equals == std::string_view::npos) {
            request.encrypt = true;
        } else if (name == "--can") {
            request.abilities.push_back(parseAbility(value));
        } else if (name == "--cowfs") {
            request.cowFilesystem = parseCowFilesystem(value);
        } else if (name == "--cow-file") {
            request.cowFile = parseImageName(value);
        } else if (name == "--cow-file-size") {
            request.cowFileMib = parseMebibytes(value);
        } else if (name == "--roothash") {
            request.verity.rootHash = parseRootHash(value);
        } else if (name == "--roothash-signature") {
            request.verity.signature = parseRootHashSignature(value);
        } else if (name == "--verity-tree") {
            request.verityTree = parsePath(value);
        } else if (name == "--verity-offset") {
            setVerityTree(request.verity, fmt::format("hash-offset:{}", value));
        } else if (name == "--verity-options") {
            request.verity.options = parseVerityOptions(value);
        } else if (name == "--run-dir") {
            request.runDir = parsePath(value);
        } else {
            throw Error(ErrorCode::Invalid, "unknown option: see bootferry-live-root --help");
        }
    } catch (Error& error) {
        error.addContext(word);
        throw;
    }
}

} // namespace

std::string parseImageName(std::string_view text) {
    auto name = parseRelativePath(text);
    if (name.empty()) {
        throw Error(ErrorCode::Invalid, fmt::format("expected a file name, not '{}'", text));
    }
    return name;
}

LiveRootRequest parseLiveRootArguments(const std::vector<std::string>& arguments) {
    LiveRootRequest request;
    for (const auto& argument : arguments) {
        if (argument.starts_with("-")) {
            applyOption(request, argument);
        } else if (argument.empty() || !request.device.empty()) {
            throw Error(ErrorCode::Invalid, fmt::format("'{}': expected exactly one DEVICE", argument));
        } else {
            request.device = argument;
        }
    }
    if (request.device.empty() && request.abilities.empty()) {
        throw Error(ErrorCode::Invalid,
                    "the DEVICE that holds the live image is missing: see bootferry-live-root "
                    "--help");
    }
    judgeVerity(request);
    return request;
}

} // namespace bootferry
