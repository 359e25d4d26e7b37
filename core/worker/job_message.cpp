// SPDX-License-Identifier: LGPL-2.1-or-later
// URLs, the first is the one that was asked for, each with its userinfo · plugin options · credentials ·
// checksum, its list's URL or "" · live image wanted · declared size wanted · decode · stall timeout, timeout
// (UINT64_MAX: never), both in microseconds · connections · plugin folder · attempt. Lists and maps have
// their length before them.
#include "job_message.h"

#include "argument_values.h"
#include "packet.h"
#include "sealed_memory.h"

namespace bootferry {
namespace {

using Strings = std::map<std::string, std::string>;

constexpr std::uint64_t never = UINT64_MAX;

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

void put(PacketWriter& packet, const Strings& strings) {
    packet.number(static_cast<std::uint32_t>(strings.size()));
    for (const auto& [name, value] : strings) {
        packet.text(name);
        packet.text(value);
    }
}

Strings takeStrings(PacketReader& packet) {
    Strings strings;
    for (auto left = packet.number(); left > 0; --left) {
        auto name = packet.text();
        strings[std::move(name)] = packet.text();
    }
    return strings;
}

void put(PacketWriter& packet, const Url& url) {
    packet.text(url.redacted());
    put(packet, asMap(url.userinfo()));
}

Url takeUrl(PacketReader& packet) {
    auto url = Url::parse(packet.text());
    if (auto userinfo = asUserinfo(takeStrings(packet))) {
        url.setUserinfo(std::move(*userinfo));
    }
    return url;
}

void put(PacketWriter& packet, const std::vector<PluginOption>& options) {
    packet.number(static_cast<std::uint32_t>(options.size()));
    for (const auto& option : options) {
        packet.text(option.plugin);
        packet.text(option.key);
        packet.text(option.value);
    }
}

std::vector<PluginOption> takeOptions(PacketReader& packet) {
    std::vector<PluginOption> options;
    for (auto left = packet.number(); left > 0; --left) {
        auto& option = options.emplace_back();
        option.plugin = packet.text();
        option.key = packet.text();
        option.value = packet.text();
    }
    return options;
}

std::string checksumText(const TransferRequest& request) {
    return request.checksumUrl ? request.checksumUrl->redacted() : request.checksum.value_or("");
}

} // namespace

UniqueFd writeJob(const WorkerJob& job) {
    const auto& request = job.request;
    PacketWriter packet;
    put(packet, request.url);
    packet.number(static_cast<std::uint32_t>(request.mirrors.size()));
    for (const auto& mirror : request.mirrors) {
        put(packet, mirror);
    }
    put(packet, request.pluginOptions);
    put(packet, job.credentials);
    packet.text(checksumText(request));
    packet.number(static_cast<std::uint32_t>(request.requireLiveImage));
    packet.number(static_cast<std::uint32_t>(request.requireDeclaredSize));
    packet.number(static_cast<std::uint32_t>(request.decode));
    packet.wide(static_cast<std::uint64_t>(request.stallTimeout.count()));
    packet.wide(request.timeout ? static_cast<std::uint64_t>(request.timeout->count()) : never);
    packet.number(request.connections);
    packet.text(job.pluginDir);
    packet.number(job.attempt);
    return sealedMemory("bootferry-job", packet.bytes());
}

WorkerJob readJob(int fd) {
    const auto bytes = readMemory(fd);
    PacketReader packet(bytes);
    WorkerJob job;
    job.request.url = takeUrl(packet);
    for (auto left = packet.number(); left > 0; --left) {
        job.request.mirrors.push_back(takeUrl(packet));
    }
    job.request.pluginOptions = takeOptions(packet);
    job.credentials = takeStrings(packet);
    if (const auto checksum = packet.text(); !checksum.empty()) {
        setChecksum(job.request, checksum);
    }
    job.request.requireLiveImage = packet.number() != 0;
    job.request.requireDeclaredSize = packet.number() != 0;
    job.request.decode = packet.number() != 0;
    job.request.stallTimeout = std::chrono::microseconds(packet.wide());
    if (const auto timeout = packet.wide(); timeout != never) {
        job.request.timeout = std::chrono::microseconds(timeout);
    }
    job.request.connections = packet.number();
    job.pluginDir = packet.text();
    job.attempt = packet.number();
    packet.end();
    return job;
}

} // namespace bootferry
