// SPDX-License-Identifier: LGPL-2.1-or-later
// Secrets come from files, because every process may read the arguments of another.
#include "transfer_arguments.h"

#include <optional>
#include <string_view>

#include <spdlog/fmt/fmt.h>

#include "argument_values.h"
#include "errors.h"
#include "named_file.h"
#include "signed_list.h"
#include "text.h"
#include "url_file_name.h"

namespace bootferry {
namespace {

// user[:password], percent-encoded, on the first line.
void readUserinfo(TransferRequest& request, std::string_view path) {
    auto text = readNamedFile(std::string(path));
    text = text.substr(0, text.find_first_of("\r\n"));
    if (text.empty()) {
        throw Error(ErrorCode::Invalid, fmt::format("the first line of '{}' is empty", path));
    }
    // Any of these would end the userinfo of a URL, and the login would be another one, or none.
    if (text.find_first_of("/?#@") != std::string::npos) {
        throw Error(ErrorCode::Invalid,
                    fmt::format("'{}': write '/', '?', '#' and '@' in a user name or password as %2F, %3F, "
                                "%23 and %40",
                                path));
    }
    std::optional<Userinfo> userinfo;
    try {
        userinfo = Url::parse("x://" + text + "@h/").userinfo();
    } catch (const Error&) { // it names a URL that nobody wrote
        throw Error(
            ErrorCode::Invalid,
            fmt::format("the first line of '{}' is not USER[:PASSWORD], percent-encoded ('%' itself as %25)",
                        path));
    }
    request.url.setUserinfo(userinfo.value());
}

// PLUGIN:KEY=VALUE, one per line; comments are lines of their own.
void readOptions(TransferRequest& request, std::string_view path) {
    const auto options = readNamedFile(std::string(path));
    unsigned number = 0;
    for (auto line : linesOf(options)) {
        ++number;
        line.remove_suffix(line.ends_with('\r') ? 1 : 0);
        if (line.empty() || line.front() == '#') {
            continue;
        }
        try {
            request.pluginOptions.push_back(parsePluginOption(line));
        } catch (Error& error) {
            error.addContext(fmt::format("'{}', line {}", path, number));
            throw;
        }
    }
}

// text: a checksum, the URL of a list, or the path of a local list in which the URL is looked up.
void readChecksum(TransferRequest& request, std::string_view text) {
    if (!namesList(text)) {
        setChecksum(request, text);
        return;
    }
    setChecksum(request, checksumFromFile(std::string(text), request.url));
}

// text: a URL, "auto", or the path of a signature on this machine.
void readSignature(TransferRequest& request, std::string_view text) {
    if (text == "auto" || text.find("://") != std::string_view::npos) {
        setSignature(request, text);
        return;
    }
    ListSignature signature{.url = {}, .text = readNamedFile(std::string(text))};
    if (signature.text.empty()) {
        throw Error(ErrorCode::Invalid, fmt::format("the signature '{}' is empty", text));
    }
    request.signature = std::move(signature);
}

void applyOption(TransferRequest& request, std::string_view name, std::string_view value) {
    if (name == "mirror") {
        request.mirrors.push_back(Url::parse(value));
    } else if (name == "checksum") {
        readChecksum(request, value);
    } else if (name == "signature") {
        readSignature(request, value);
    } else if (name == "verify") {
        setVerify(request, value);
    } else if (name == "option") {
        request.pluginOptions.push_back(parsePluginOption(value));
    } else if (name == "options-file") {
        readOptions(request, value);
    } else if (name == "userinfo-file") {
        readUserinfo(request, value);
    } else if (name == "stall-timeout") {
        request.stallTimeout = parseSeconds(value);
    } else if (name == "timeout") {
        request.timeout = parseTimeLimit(value);
    } else if (name == "limit-rate") {
        request.limitRate = parseRate(value);
    } else if (name == "connections") {
        request.connections = parseConnections(value);
    } else if (name == "ramdisk-size") {
        request.ramdiskSize = parseByteCount(value);
    } else if (name == "decode") {
        request.decode = true;
    } else if (name == "continue" || name == "no-continue") {
        request.continues = name == "continue";
    } else if (name == "on-demand") {
        request.onDemand = true;
    } else if (name == "reset") {
        request.reset = true;
    }
}

// decode: the file is not compressed any more.
std::string namedByUrl(const Url& url, bool decode) {
    auto name = fileNameOf(url);
    for (const std::string_view suffix : {".gz", ".xz", ".zst", ".zstd"}) {
        if (decode && name.size() > suffix.size() && lowered(name).ends_with(suffix)) {
            name.resize(name.size() - suffix.size());
            break;
        }
    }
    return name;
}

std::string targetOf(const CommandLine& line, const Url& url) {
    const auto output = line.last("output");
    if (output && line.words.size() > 1) {
        throw Error(ErrorCode::Invalid, "the target is given twice, by --output and as an argument");
    }
    if (line.words.size() > 1) {
        return line.words.back();
    }
    return output ? *output : namedByUrl(url, line.has("decode"));
}

// A URL is no path of a file or device, and may contain a password.
void refuseUrl(std::string_view target) {
    if (target.find("://") != std::string_view::npos) {
        throw Error(ErrorCode::Invalid,
                    "the target is a URL: --mirror= names another place for the same bytes");
    }
}

} // namespace

bool isTargetNamed(const CommandLine& line) {
    return line.words.size() > 1 || line.has("output");
}

// The URL is parsed first, because --userinfo-file= changes it.
TransferRequest parseTransferArguments(const CommandLine& line) {
    TransferRequest request;
    request.url = Url::parse(line.words.front());
    request.target = targetOf(line, request.url);
    if (request.target.empty()) {
        throw Error(ErrorCode::Invalid, fmt::format("the target is empty: {}", usageOf(*line.verb)));
    }
    refuseUrl(request.target);
    applyOptions(line,
                 [&](std::string_view name, const std::string& value) { applyOption(request, name, value); });
    requireSignedList(request);
    return request;
}

} // namespace bootferry
