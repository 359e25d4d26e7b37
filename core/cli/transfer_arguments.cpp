// SPDX-License-Identifier: LGPL-2.1-or-later
// Secrets come from files, because every process may read the arguments of another.
#include "transfer_arguments.h"

#include <string_view>

#include <spdlog/fmt/fmt.h>

#include "argument_values.h"
#include "errors.h"
#include "files.h"
#include "text.h"

namespace bootferry {
namespace {

std::uint64_t parseCount(std::string_view text) {
    const auto number = parseNumber<std::uint64_t>(text);
    if (!number || *number == 0) {
        throw Error(ErrorCode::Invalid, fmt::format("expects a number above 0, not '{}'", text));
    }
    return *number;
}

std::string readSecretFile(std::string_view path) {
    auto text = readSmallFile(std::string(path));
    if (!text) {
        throw Error(ErrorCode::Invalid, fmt::format("there is no file '{}'", path));
    }
    return *text;
}

// user[:password], percent-encoded, on the first line.
void readUserinfo(TransferRequest& request, std::string_view path) {
    auto text = readSecretFile(path);
    text = text.substr(0, text.find('\n'));
    request.url.setUserinfo(Url::parse("x://" + text + "@h/").userinfo().value_or(Userinfo{}));
}

// PLUGIN:KEY=VALUE, one per line.
void readOptions(TransferRequest& request, std::string_view path) {
    const auto options = readSecretFile(path);
    for (const auto line : linesOf(options)) {
        if (!line.empty()) {
            request.pluginOptions.push_back(parsePluginOption(line));
        }
    }
}

void applyOption(TransferRequest& request, std::string_view name, std::string_view value) {
    if (name == "mirror") {
        request.mirrors.push_back(Url::parse(value));
    } else if (name == "checksum") {
        setChecksum(request, value);
    } else if (name == "option") {
        request.pluginOptions.push_back(parsePluginOption(value));
    } else if (name == "options-file") {
        readOptions(request, value);
    } else if (name == "userinfo-file") {
        readUserinfo(request, value);
    } else if (name == "stall-timeout") {
        request.stallTimeout = parseSeconds(value);
    } else if (name == "timeout") {
        request.timeout = parseSeconds(value);
    } else if (name == "connections") {
        request.connections = parseConnections(value);
    } else if (name == "ramdisk-size") {
        request.ramdiskSize = parseCount(value);
    } else if (name == "decode") {
        request.decode = true;
    } else if (name == "continue" || name == "no-continue") {
        request.continues = name == "continue";
    } else if (name == "reset") {
        request.reset = true;
    }
}

} // namespace

// The URL is parsed first, because --userinfo-file= changes it.
TransferRequest parseTransferArguments(const CommandLine& line) {
    TransferRequest request;
    request.url = Url::parse(line.words.front());
    request.target = line.words.back();
    if (request.target.empty()) {
        throw Error(ErrorCode::Invalid, fmt::format("the target is empty: {}", usageOf(*line.verb)));
    }
    applyOptions(line,
                 [&](std::string_view name, const std::string& value) { applyOption(request, name, value); });
    return request;
}

} // namespace bootferry
