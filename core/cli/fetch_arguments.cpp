// SPDX-License-Identifier: LGPL-2.1-or-later
// Options have the form --name=value; the two other words are the URL and the file. Nothing is guessed.
#include <charconv>
#include <string_view>

#include <spdlog/fmt/fmt.h>

#include "digest.h"
#include "errors.h"
#include "fetch.h"

namespace bootferry {
namespace {

std::chrono::seconds parseSeconds(std::string_view name, std::string_view text) {
    unsigned seconds = 0;
    const auto* end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, seconds);
    if (error != std::errc() || stopped != end || seconds == 0) {
        throw Error(ErrorCode::Invalid, fmt::format("--{} takes a number of seconds, not '{}'", name, text));
    }
    return std::chrono::seconds(seconds);
}

PluginOption parseOption(std::string_view text) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos || colon == 0) {
        throw Error(ErrorCode::Invalid, fmt::format("--option takes PLUGIN:KEY=VALUE, not '{}'", text));
    }
    const auto rest = text.substr(colon + 1);
    const auto equals = rest.find('=');
    return {.plugin = std::string(text.substr(0, colon)),
            .key = std::string(rest.substr(0, equals)),
            .value = equals == std::string_view::npos ? "" : std::string(rest.substr(equals + 1))};
}

void applyOption(TransferRequest& request, std::string_view word) {
    const auto equals = word.find('=');
    const auto name = word.substr(2, equals == std::string_view::npos ? equals : equals - 2);
    const auto value = equals == std::string_view::npos ? std::string_view() : word.substr(equals + 1);
    if (name == "mirror") {
        request.mirrors.push_back(Url::parse(value));
    } else if (name == "checksum") {
        request.checksum = Checksum::parse(value).text();
    } else if (name == "option") {
        request.pluginOptions.push_back(parseOption(value));
    } else if (name == "stall-timeout") {
        request.stallTimeout = parseSeconds(name, value);
    } else if (name == "timeout") {
        request.timeout = parseSeconds(name, value);
    } else {
        throw Error(ErrorCode::Invalid, fmt::format("unknown option '--{}': see bootferryctl --help", name));
    }
}

} // namespace

TransferRequest parseFetchArguments(const std::vector<std::string>& arguments) {
    TransferRequest request;
    request.requireLiveImage = false;
    std::vector<std::string> words;
    for (const auto& argument : arguments) {
        if (argument.starts_with("--")) {
            applyOption(request, argument);
        } else {
            words.push_back(argument);
        }
    }
    if (words.size() != 2 || words.back().empty()) {
        throw Error(ErrorCode::Invalid, "fetch takes a URL and a file: bootferryctl fetch URL FILE");
    }
    request.url = Url::parse(words.front());
    request.target = words.back();
    return request;
}

} // namespace bootferry
