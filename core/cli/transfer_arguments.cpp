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

bool applyOption(TransferRequest& request, std::string_view name, std::string_view value) {
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
    } else if (name == "decode" && value.empty()) {
        request.decode = true;
    } else if ((name == "continue" || name == "no-continue") && value.empty()) {
        request.continues = name == "continue";
    } else if (name == "reset" && value.empty()) {
        request.reset = true;
    } else {
        return false;
    }
    return true;
}

void applyWord(TransferRequest& request, std::string_view word) {
    const auto equals = word.find('=');
    const auto name = word.substr(2, equals == std::string_view::npos ? equals : equals - 2);
    const auto value = equals == std::string_view::npos ? std::string_view() : word.substr(equals + 1);
    try {
        if (applyOption(request, name, value)) {
            return;
        }
    } catch (Error& error) {
        error.addContext(fmt::format("--{}", name));
        throw;
    }
    throw Error(ErrorCode::Invalid, fmt::format("unknown option '--{}': see bootferryctl --help", name));
}

} // namespace

// The URL is parsed first, because --userinfo-file= changes it.
TransferRequest parseTransferArguments(const std::string& verb, const std::vector<std::string>& arguments) {
    TransferRequest request;
    std::vector<std::string> options;
    std::vector<std::string> words;
    for (const auto& argument : arguments) {
        (argument.starts_with("--") ? options : words).push_back(argument);
    }
    if (words.size() != 2 || words.back().empty()) {
        throw Error(ErrorCode::Invalid,
                    fmt::format("{0} takes a URL and a target: bootferryctl {0} URL TARGET", verb));
    }
    request.url = Url::parse(words.front());
    request.target = words.back();
    for (const auto& option : options) {
        applyWord(request, option);
    }
    return request;
}

} // namespace bootferry
