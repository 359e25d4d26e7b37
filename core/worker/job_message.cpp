// SPDX-License-Identifier: LGPL-2.1-or-later
// a(sa{ss}) URLs, the first is the one that was asked for, each with its userinfo · a(sss) plugin options ·
// a{ss} credentials · s checksum, its list's URL or "" · b live image wanted · b decode · t stall timeout, t
// timeout (UINT64_MAX: never), both in microseconds · u connections · s plugin folder · u attempt
#include "job_message.h"

#include "argument_values.h"

namespace bootferry {
namespace {

using Strings = std::map<std::string, std::string>;

constexpr std::uint64_t never = UINT64_MAX;

void check(int result) {
    checkSd(result, "marshalling a job");
}

bool checkMore(int result) {
    check(result);
    return result > 0;
}

Strings asMap(const std::optional<Userinfo>& userinfo) {
    Strings map;
    if (userinfo) {
        map["user"] = userinfo->user;
        if (userinfo->password) {
            map["password"] = *userinfo->password;
        }
    }
    return map;
}

std::optional<Userinfo> asUserinfo(const Strings& map) {
    const auto user = map.find("user");
    if (user == map.end()) {
        return std::nullopt;
    }
    const auto password = map.find("password");
    return Userinfo{.user = user->second,
                    .password = password != map.end() ? std::optional(password->second) : std::nullopt};
}

void appendStrings(sd_bus_message* message, const Strings& strings) {
    check(sd_bus_message_open_container(message, 'a', "{ss}"));
    for (const auto& [name, value] : strings) {
        check(sd_bus_message_append(message, "{ss}", name.c_str(), value.c_str()));
    }
    check(sd_bus_message_close_container(message));
}

Strings readStrings(sd_bus_message* message) {
    Strings strings;
    const char* name = nullptr;
    const char* value = nullptr;
    check(sd_bus_message_enter_container(message, 'a', "{ss}"));
    while (checkMore(sd_bus_message_read(message, "{ss}", &name, &value))) {
        strings[name] = value;
    }
    check(sd_bus_message_exit_container(message));
    return strings;
}

void appendUrl(sd_bus_message* message, const Url& url) {
    check(sd_bus_message_open_container(message, 'r', "sa{ss}"));
    check(sd_bus_message_append(message, "s", url.redacted().c_str()));
    appendStrings(message, asMap(url.userinfo()));
    check(sd_bus_message_close_container(message));
}

void appendUrls(sd_bus_message* message, const TransferRequest& request) {
    check(sd_bus_message_open_container(message, 'a', "(sa{ss})"));
    appendUrl(message, request.url);
    for (const auto& mirror : request.mirrors) {
        appendUrl(message, mirror);
    }
    check(sd_bus_message_close_container(message));
}

std::vector<Url> readUrls(sd_bus_message* message) {
    std::vector<Url> urls;
    check(sd_bus_message_enter_container(message, 'a', "(sa{ss})"));
    while (checkMore(sd_bus_message_enter_container(message, 'r', "sa{ss}"))) {
        const char* text = nullptr;
        check(sd_bus_message_read(message, "s", &text));
        urls.push_back(Url::parse(text));
        if (auto userinfo = asUserinfo(readStrings(message))) {
            urls.back().setUserinfo(std::move(*userinfo));
        }
        check(sd_bus_message_exit_container(message));
    }
    check(sd_bus_message_exit_container(message));
    return urls;
}

void appendOptions(sd_bus_message* message, const std::vector<PluginOption>& options) {
    check(sd_bus_message_open_container(message, 'a', "(sss)"));
    for (const auto& option : options) {
        check(sd_bus_message_append(message, "(sss)", option.plugin.c_str(), option.key.c_str(),
                                    option.value.c_str()));
    }
    check(sd_bus_message_close_container(message));
}

std::vector<PluginOption> readOptions(sd_bus_message* message) {
    std::vector<PluginOption> options;
    const char* plugin = nullptr;
    const char* key = nullptr;
    const char* value = nullptr;
    check(sd_bus_message_enter_container(message, 'a', "(sss)"));
    while (checkMore(sd_bus_message_read(message, "(sss)", &plugin, &key, &value))) {
        options.push_back({.plugin = plugin, .key = key, .value = value});
    }
    check(sd_bus_message_exit_container(message));
    return options;
}

std::string checksumText(const TransferRequest& request) {
    return request.checksumUrl ? request.checksumUrl->redacted() : request.checksum.value_or("");
}

} // namespace

void appendJob(sd_bus_message* message, const WorkerJob& job) {
    const auto& request = job.request;
    appendUrls(message, request);
    appendOptions(message, request.pluginOptions);
    appendStrings(message, job.credentials);
    check(sd_bus_message_append(
        message, "sbbbttusu", checksumText(request).c_str(), static_cast<int>(request.requireLiveImage),
        static_cast<int>(request.requireDeclaredSize), static_cast<int>(request.decode),
        static_cast<std::uint64_t>(request.stallTimeout.count()),
        request.timeout ? static_cast<std::uint64_t>(request.timeout->count()) : never, request.connections,
        job.pluginDir.c_str(), job.attempt));
}

WorkerJob readJob(sd_bus_message* message) {
    WorkerJob job;
    auto urls = readUrls(message);
    if (urls.empty()) {
        throw Error(ErrorCode::Invalid, "a job without a URL");
    }
    job.request.url = std::move(urls.front());
    job.request.mirrors.assign(std::make_move_iterator(urls.begin() + 1),
                               std::make_move_iterator(urls.end()));
    job.request.pluginOptions = readOptions(message);
    job.credentials = readStrings(message);
    const char* checksum = nullptr;
    const char* pluginDir = nullptr;
    int requireLiveImage = 0;
    int requireDeclaredSize = 0;
    int decode = 0;
    std::uint64_t stallTimeout = 0;
    std::uint64_t timeout = 0;
    check(sd_bus_message_read(message, "sbbbttusu", &checksum, &requireLiveImage, &requireDeclaredSize,
                              &decode, &stallTimeout, &timeout, &job.request.connections, &pluginDir,
                              &job.attempt));
    if (*checksum != '\0') {
        setChecksum(job.request, checksum);
    }
    job.request.requireLiveImage = requireLiveImage != 0;
    job.request.decode = decode != 0;
    job.request.requireDeclaredSize = requireDeclaredSize != 0;
    job.request.stallTimeout = std::chrono::microseconds(stallTimeout);
    if (timeout != never) {
        job.request.timeout = std::chrono::microseconds(timeout);
    }
    job.pluginDir = pluginDir;
    return job;
}

} // namespace bootferry
